//! The proxy does to connections what it is told, and nothing else.
#![cfg(feature = "proxy")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_testkit::proxy::Proxy;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that says its mark, and then whatever it hears.
fn echo(mark: u8) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || repeat(&stream, &stream, mark));
        }
    });
    address
}

fn repeat(mut from: impl Read, mut to: impl Write, mark: u8) -> io::Result<u64> {
    to.write_all(&[mark])?;
    io::copy(&mut from, &mut to)
}

/// A client that has heard the server's mark.
fn client(proxy: &Proxy, mark: u8) -> TcpStream {
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(hear::<1>(&mut client), [mark]);
    client
}

fn hear<const N: usize>(client: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).unwrap();
    bytes
}

fn say_and_hear(client: &mut TcpStream) {
    client.write_all(b"ping").unwrap();
    assert_eq!(hear(client), *b"ping");
}

/// Whether the other end has ended it, in whatever way.
fn is_over(client: &mut TcpStream) -> bool {
    match client.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        ),
    }
}

/// Nothing comes, for as long as a tenth of a second says something.
fn is_silent(client: &mut TcpStream) -> bool {
    let short = Some(Duration::from_millis(100));
    client.set_read_timeout(short).unwrap();
    let heard = client.read(&mut [0]);
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    heard.is_err_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        )
    })
}

#[test]
fn hands_everything_on() {
    let proxy = Proxy::before(echo(b'a'));
    let said: Vec<u8> = (0..1_000_000_u32)
        .map(|number| number.to_be_bytes()[3])
        .collect();
    let mut client = client(&proxy, b'a');
    let mut reads = client.try_clone().unwrap();
    let heard = thread::spawn(move || {
        let mut heard = Vec::new();
        reads.read_to_end(&mut heard).map(|_| heard)
    });
    client.write_all(&said).unwrap();
    // That this end has said all is handed on, and so is the other's end.
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(heard.join().unwrap().unwrap() == said);
    assert_eq!(proxy.connections(), 1);
}

#[cfg(unix)]
#[test]
fn stands_before_a_unix_socket() {
    let directory = std::env::temp_dir().join(format!("portcullis-proxy-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let socket = directory.join("s");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        repeat(&stream, &stream, b'u')
    });
    let proxy = Proxy::before(socket);
    say_and_hear(&mut client(&proxy, b'u'));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn delays_each_way() {
    let proxy = Proxy::before(echo(b'a'));
    let mut client = client(&proxy, b'a');
    let (there, back) = (Duration::from_millis(120), Duration::from_millis(60));
    for (to_server, to_client) in [
        (there, back),
        (there, Duration::ZERO),
        (Duration::ZERO, back),
    ] {
        proxy.delay_ways(to_server, to_client);
        let began = Instant::now();
        say_and_hear(&mut client);
        assert!(began.elapsed() >= to_server + to_client);
    }
}

/// A delay is no narrowness: what is said within it arrives at the end of it.
#[test]
fn delays_pieces_together() {
    let proxy = Proxy::before(echo(b'a'));
    let mut client = client(&proxy, b'a');
    client.set_nodelay(true).unwrap();
    proxy.delay(Duration::from_millis(500));
    let began = Instant::now();
    for _ in 0..20 {
        client.write_all(b"ping").unwrap();
        thread::sleep(Duration::from_millis(10));
    }
    for _ in 0..20 {
        assert_eq!(hear(&mut client), *b"ping");
    }
    // One after the other it would be ten seconds.
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn narrows() {
    let proxy = Proxy::before(echo(b'a'));
    let mut client = client(&proxy, b'a');
    proxy.throttle(Some(10_000));
    let began = Instant::now();
    client.write_all(&[7; 2_000]).unwrap();
    assert_eq!(hear::<2_000>(&mut client), [7; 2_000]);
    // Twenty parts of a hundredth of a second.
    assert!(began.elapsed() >= Duration::from_millis(190));
    proxy.throttle(None);
    say_and_hear(&mut client);
}

#[test]
fn cuts_what_there_is_and_accepts_new_ones() {
    let proxy = Proxy::before(echo(b'a'));
    let mut cut = [client(&proxy, b'a'), client(&proxy, b'a')];
    proxy.cut();
    assert!(cut.iter_mut().all(is_over));
    say_and_hear(&mut client(&proxy, b'a'));
    assert_eq!(proxy.connections(), 3);
}

#[test]
fn cuts_after_so_many_bytes() {
    let proxy = Proxy::before(echo(b'a'));
    let mut before = client(&proxy, b'a');
    proxy.cut_after(Some(6));
    let mut cut = client(&proxy, b'a');
    say_and_hear(&mut cut);
    cut.write_all(b"ping").unwrap();
    let mut rest = Vec::new();
    // Two bytes go to the server, and perhaps come back before it is cut.
    drop(cut.read_to_end(&mut rest));
    assert!(b"pi".starts_with(&rest), "{rest:?}");
    say_and_hear(&mut before);
    say_and_hear(&mut before);
    proxy.cut_after(None);
    let mut after = client(&proxy, b'a');
    say_and_hear(&mut after);
    say_and_hear(&mut after);
}

#[test]
fn refuses_until_it_is_open() {
    let proxy = Proxy::before(echo(b'a'));
    let mut cut = client(&proxy, b'a');
    proxy.refuse();
    assert!(is_over(&mut cut));
    assert!(is_over(&mut TcpStream::connect(proxy.address()).unwrap()));
    proxy.open();
    say_and_hear(&mut client(&proxy, b'a'));
}

/// Connections outlive a partition, and what was said in it is heard after it.
#[test]
fn falls_silent() {
    let proxy = Proxy::before(echo(b'a'));
    let mut old = client(&proxy, b'a');
    proxy.partition();
    old.write_all(b"ping").unwrap();
    let mut new = TcpStream::connect(proxy.address()).unwrap();
    new.write_all(b"pong").unwrap();
    assert!(is_silent(&mut old));
    assert!(is_silent(&mut new));
    proxy.open();
    assert_eq!(hear(&mut old), *b"ping");
    new.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(hear(&mut new), *b"apong");
}

/// What is silent can be cut: as when a cable is pulled, and a machine restarted.
#[test]
fn cuts_what_is_silent() {
    let proxy = Proxy::before(echo(b'a'));
    let mut cut = client(&proxy, b'a');
    proxy.partition();
    cut.write_all(b"ping").unwrap();
    proxy.cut();
    assert!(is_over(&mut cut));
}

#[test]
fn leads_elsewhere() {
    let proxy = Proxy::before(echo(b'a'));
    let mut old = client(&proxy, b'a');
    proxy.lead_to(echo(b'b'));
    say_and_hear(&mut client(&proxy, b'b'));
    say_and_hear(&mut old);
}

#[cfg(unix)]
#[test]
fn without_a_server_it_hangs_up() {
    let nobody = std::env::temp_dir().join("portcullis-proxy-to-nobody");
    let proxy = Proxy::before(nobody);
    assert!(is_over(&mut TcpStream::connect(proxy.address()).unwrap()));
    proxy.lead_to(echo(b'a'));
    say_and_hear(&mut client(&proxy, b'a'));
}

#[test]
fn ends_with_its_connections() {
    let proxy = Proxy::before(echo(b'a'));
    let mut client = client(&proxy, b'a');
    drop(proxy);
    assert!(is_over(&mut client));
}
