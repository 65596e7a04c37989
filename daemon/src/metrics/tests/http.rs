//! HTTP: what a scrape gets, and what whoever means harm does not.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[tokio::test]
async fn a_scrape_gets_the_figures_with_their_type() {
    let server = Scene::new().server().await;
    for host in ["127.0.0.1:9090", "127.0.0.1", "localhost:1", "LocalHost", "[::1]:5"] {
        let answer = exchange(&server, &get("/metrics", host)).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
        assert!(answer.contains("application/openmetrics-text") && answer.ends_with("# EOF\n"), "{answer}");
    }
}

#[tokio::test]
async fn another_path_method_or_name_is_refused() {
    let server = Scene::new().server().await;
    let cases = [
        (get("/", "localhost"), "404"),
        (get("/metrics/../../etc/passwd", "localhost"), "404"),
        (b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".to_vec(), "405"),
        (b"DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), "405"),
        (get("/metrics", "evil.example"), "421"),
        (get("/metrics", "127.0.0.1.evil.example"), "421"),
        (get("/metrics", "192.168.0.1:9090"), "421"),
        (b"GET /metrics HTTP/1.1\r\n\r\n".to_vec(), "421"),
    ];
    for (request, code) in cases {
        let answer = exchange(&server, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{}: {answer}", String::from_utf8_lossy(&request));
        assert!(!answer.contains("ahoy_peers"));
    }
}

#[tokio::test]
async fn broken_and_huge_requests_get_an_error_or_nothing_and_the_next_scrape_works() {
    let server = Scene::new().server().await;
    let mut many = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n".to_vec();
    (0..1000).for_each(|n| many.extend(format!("X-{n}: 1\r\n").into_bytes()));
    many.extend(b"\r\n");
    let long = |part: &str| format!("GET /{part} HTTP/1.1\r\nHost: localhost\r\nX: {part}\r\n\r\n").into_bytes();
    let bad: Vec<Vec<u8>> = vec![
        b"\r\n\r\n\r\n".to_vec(),
        b"nonsense\r\n\r\n".to_vec(),
        vec![0; 100_000],
        vec![0xff; 100_000],
        b"GET /metrics HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        long(&"x".repeat(1 << 20)),
        many,
    ];
    for request in bad {
        let answer = exchange(&server, &request).await;
        assert!(!answer.contains("200 OK"), "{answer}");
        let good = exchange(&server, &get("/metrics", "localhost")).await;
        assert!(good.starts_with("HTTP/1.1 200"));
    }
    // A body is not waited for, and a second request on the same connection is not answered.
    let both = [get("/metrics", "localhost"), get("/metrics", "localhost")].concat();
    assert_eq!(exchange(&server, &both).await.matches("HTTP/1.1 200").count(), 1);
    let body = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\nx";
    assert!(exchange(&server, body).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_that_say_nothing_are_few_give_way_and_end_in_time() {
    let server = Scene::new().server().await;
    let mut silent = Vec::new();
    for _ in 0..limits::METRICS_CLIENTS {
        let mut stream = TcpStream::connect(server.local().unwrap()).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHo").await.unwrap();
        silent.push(stream);
    }
    // Accepted in order: the first of these gives way at once.
    let began = std::time::Instant::now();
    for _ in 0..20 {
        assert!(exchange(&server, &get("/metrics", "localhost")).await.starts_with("HTTP/1.1 200"));
    }
    let mut first = silent.remove(0);
    assert_eq!(first.read_to_end(&mut Vec::new()).await.unwrap_or_default(), 0);
    assert!(began.elapsed() < Duration::from_millis(limits::METRICS_MS), "{:?}", began.elapsed());
    for mut stream in silent {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
    }
    assert!(began.elapsed() < Duration::from_millis(2 * limits::METRICS_MS), "{:?}", began.elapsed());
    let answer = exchange(&server, &get("/metrics", "localhost")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn scrape_unix(path: &std::path::Path) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(&get("/metrics", "whatever")).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_unix_socket_is_ours_alone_and_vanishes_with_the_server() {
    let scene = Scene::new();
    let tmp = tempfile::tempdir().unwrap();
    let path = tmp.path().join("metrics.sock");
    let at = MetricsAt::parse(&format!("unix:{}", path.display())).unwrap().unwrap();
    // A killed daemon leaves its socket behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = Server::start(&at, scene.figures.clone()).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(scrape_unix(&path).await.contains("ahoy_peers"));
    let Err(taken) = Server::start(&at, scene.figures.clone()).await else { panic!("two at one place") };
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    assert!(scrape_unix(&path).await.contains("ahoy_peers"), "the first is not disturbed");
    drop(server);
    assert!(!path.exists());
    std::fs::write(&path, "mine").unwrap();
    assert!(Server::start(&at, scene.figures.clone()).await.is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"mine", "a file that is no socket stays");
}
