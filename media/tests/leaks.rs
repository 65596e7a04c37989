//! What links leave behind: nothing. A process of its own, so that no other test opens sockets meanwhile.

#[cfg(test)]
#[path = "conformance/pair.rs"]
#[expect(dead_code, reason = "the harness of the conformance suite, of which this needs a part")]
mod pair;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_hundred_links_leave_no_task_and_no_descriptor() {
    use std::fs::read_dir;

    use tokio::runtime::Handle;

    let descriptors = || read_dir("/proc/self/fd").expect("Linux").count();
    let resident_kib = || {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident size");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
    };
    let mut pair = pair::real();
    let (mut before, mut after_half) = ((0, 0), 0);
    for n in 1..=100 {
        pair.connect(n).await;
        pair.talk(n, 960).await;
        let (a, b) = (pair.a.link(n), pair.b.link(n));
        pair.a.engine.close(a);
        pair.b.engine.close(b);
        pair.a.closed(n).await;
        pair.b.closed(n).await;
        if n == 1 {
            before = (Handle::current().metrics().num_alive_tasks(), descriptors());
        }
        if n == 50 {
            after_half = resident_kib();
        }
    }
    assert_eq!((Handle::current().metrics().num_alive_tasks(), descriptors()), before);
    let grown = resident_kib().saturating_sub(after_half);
    assert!(grown < 2_048, "{grown} KiB more after the second half, 250 KB a link would be 12,500");
}
