//! A proxy that does to connections what networks do: it delays them, cuts them, refuses them, holds them silent, and narrows them.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::{TcpListener, TcpStream};
//! use std::time::Duration;
//!
//! use portcullis_testkit::proxy::Proxy;
//!
//! # fn main() -> std::io::Result<()> {
//! let server = TcpListener::bind("127.0.0.1:0")?;
//! let proxy = Proxy::before(server.local_addr()?);
//! proxy.delay(Duration::from_millis(5));
//!
//! let mut client = TcpStream::connect(proxy.address())?;
//! client.write_all(b"ping")?;
//! let mut heard = [0; 4];
//! server.accept()?.0.read_exact(&mut heard)?;
//! assert_eq!(&heard, b"ping");
//! # Ok(())
//! # }
//! ```

mod connection;
mod control;
mod target;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::connection::Connection;
use self::control::{Control, Way};
pub use self::target::Target;

/// A proxy on a port of the loopback interface that the system picks, before a server on a port or on a unix socket. It ends when this
/// is dropped, and its connections with it.
///
/// It runs on a thread of its own: it serves tests with a runtime and tests without. All that is told to it holds from then on for the
/// connections that there are and for new ones, unless it says otherwise.
pub struct Proxy {
    address: SocketAddr,
    control: watch::Sender<Control>,
    accepted: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts one that hands everything on.
    ///
    /// # Panics
    ///
    /// If there is no port to listen on, or no thread.
    #[must_use]
    pub fn before(target: impl Into<Target>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (control, told) = watch::channel(Control::new(target.into()));
        let accepted = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&accepted);
        let thread = thread::spawn(move || run(listener, told, &counter));
        Self {
            address,
            control,
            accepted,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has accepted, those that it refused included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::Acquire)
    }

    /// Delays everything for as long, in each direction; zero, as at the beginning, delays nothing.
    pub fn delay(&self, each_way: Duration) {
        self.delay_ways(each_way, each_way);
    }

    /// Delays what goes to the server, and what comes back, each for as long.
    pub fn delay_ways(&self, to_server: Duration, to_client: Duration) {
        self.tell(|control| {
            control.to_server = to_server;
            control.to_client = to_client;
        });
    }

    /// Lets so many bytes pass in a second, on each connection in each direction; `None`, as at the beginning, lets all pass. At
    /// least 100 pass.
    pub fn throttle(&self, bytes_per_second: Option<u32>) {
        self.tell(|control| control.bytes_per_second = bytes_per_second);
    }

    /// Cuts all connections that there are, in the middle of whatever they carry. New ones are accepted as before.
    pub fn cut(&self) {
        self.tell(|control| control.cuts += 1);
    }

    /// Cuts each connection that is made from now on once exactly so many bytes have gone to the server; `None`, as at the
    /// beginning, never does.
    pub fn cut_after(&self, bytes: Option<usize>) {
        self.tell(|control| control.cut_after = bytes);
    }

    /// Cuts all connections, and closes each new one at once.
    pub fn refuse(&self) {
        self.tell(|control| {
            control.way = Way::Closed;
            control.cuts += 1;
        });
    }

    /// Lets nothing pass, and says nothing of it, as when a cable is pulled: connections stay, also where one end gives up, and new ones are
    /// accepted, but nobody hears of the other. What was on the way arrives when it is [open](Self::open) again, as TCP has it.
    pub fn partition(&self) {
        self.tell(|control| control.way = Way::Silent);
    }

    /// Ends [`refuse`](Self::refuse) and [`partition`](Self::partition).
    pub fn open(&self) {
        self.tell(|control| control.way = Way::Open);
    }

    /// Connects new connections to another server; those that there are stay where they are.
    pub fn lead_to(&self, target: impl Into<Target>) {
        let target = target.into();
        self.tell(|control| control.target = target);
    }

    fn tell(&self, change: impl FnOnce(&mut Control)) {
        self.control.send_modify(change);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.tell(|control| control.is_over = true);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .field("control", &*self.control.borrow())
            .finish_non_exhaustive()
    }
}

fn run(listener: TcpListener, told: watch::Receiver<Control>, accepted: &AtomicUsize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let mut over = told.clone();
        tokio::select! {
            () = listen(listener, told, accepted) => {}
            _ = over.wait_for(|control| control.is_over) => {}
        }
    });
}

async fn listen(listener: TcpListener, told: watch::Receiver<Control>, accepted: &AtomicUsize) {
    let ours = listener.set_nonblocking(true);
    let listener = ours.and_then(|()| tokio::net::TcpListener::from_std(listener));
    let listener = listener.expect("it listens");
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // A client that has gone again, or no more files: neither ends the proxy.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        accepted.fetch_add(1, Ordering::AcqRel);
        // One that fails ends alone.
        connections.spawn(Connection::new(client, told.clone()).hold());
        while connections.try_join_next().is_some() {}
    }
}
