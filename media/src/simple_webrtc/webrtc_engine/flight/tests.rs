//! When a flight goes again, and which.

use std::net::UdpSocket;
use std::time::Duration;

use super::*;

/// A flight, the socket it goes by and the one it goes to.
struct Road {
    flight: Flight,
    socket: Arc<dyn AsyncUdpSocket>,
    there: UdpSocket,
    began: Instant,
}

const HELLO: [u8; 14] = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1];
const SECOND: [u8; 14] = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 2];
const CHANGE: [u8; 14] = [20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 1];
const DATA: [u8; 14] = [23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 9];

impl Road {
    async fn new() -> Self {
        let (here, there) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        there.set_nonblocking(true).unwrap();
        let socket = ::webrtc::runtime::Runtime::wrap_udp_socket(&::webrtc::runtime::TokioRuntime, here).unwrap();
        let road = Self { flight: Flight::default(), socket, there, began: Instant::now() };
        // So that the runtime knows that it may be written.
        let destination = road.there.local_addr().unwrap();
        let transmit = Transmit { destination, ecn: None, contents: &DATA, segment_size: None, src_ip: None };
        std::future::poll_fn(|cx| road.socket.poll_send(cx, &transmit)).await.unwrap();
        road.again(0);
        road
    }

    fn at(&self, ms: u64) -> Instant {
        self.began + Duration::from_millis(ms)
    }

    fn send(&self, contents: &[u8], ms: u64) {
        let destination = self.there.local_addr().unwrap();
        let transmit = Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None };
        self.flight.goes_out(&transmit, &self.socket, self.at(ms));
    }

    /// First numbers of the records that went again at this time.
    fn again(&self, ms: u64) -> Vec<u8> {
        self.flight.repeat(self.at(ms));
        let mut numbers = Vec::new();
        let mut buffer = [0; 64];
        while let Ok(length) = self.there.recv(&mut buffer) {
            numbers.push(buffer[..length][10]);
        }
        numbers
    }
}

#[tokio::test]
async fn a_flight_goes_again_ever_later_until_it_is_given_up() {
    let road = Road::new().await;
    road.send(&HELLO, 0);
    road.send(&CHANGE, 10);
    road.send(&DATA, 20);
    let went: Vec<u64> = (0..60_000).step_by(50).filter(|ms| !road.again(*ms).is_empty()).collect();
    assert_eq!(went, [200, 600, 1_400, 3_000]);
}

#[tokio::test]
async fn what_goes_again_is_the_whole_last_flight_and_nothing_but_the_handshake() {
    let road = Road::new().await;
    road.send(&HELLO, 0);
    road.flight.came_in(&DATA);
    road.send(&CHANGE, 0);
    road.send(&DATA, 0);
    assert_eq!(road.again(200), [1, 3]);
    road.flight.came_in(&HELLO);
    assert_eq!(road.again(600), [1, 3], "a repeated hello takes nothing away");
    road.send(&SECOND, 700);
    assert_eq!((road.again(850), road.again(900)), (vec![], vec![2]));
}

#[tokio::test]
async fn what_the_library_sends_again_takes_the_place_of_what_we_did() {
    let road = Road::new().await;
    road.send(&HELLO, 0);
    assert_eq!(road.again(200), [1]);
    road.send(&SECOND, 1_000);
    assert_eq!(road.again(1_000), [2], "no later than without it");
    road.send(&SECOND, 2_000);
    assert_eq!((road.again(2_200), road.again(3_000)), (vec![2], vec![2]));
    assert!(road.again(60_000).is_empty(), "nor more often");
}

#[tokio::test]
async fn nothing_goes_again_once_encryption_stands_and_little_is_kept() {
    let road = Road::new().await;
    (0..100).for_each(|_| road.send(&HELLO, 0));
    assert_eq!(road.again(200).len(), FLIGHT_DATAGRAMS);
    road.flight.over();
    road.send(&HELLO, 300);
    assert!(road.again(10_000).is_empty());
    assert!(lock(&road.flight.0).datagrams.is_empty());
}
