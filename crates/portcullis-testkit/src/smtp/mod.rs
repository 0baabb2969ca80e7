//! A mail server that keeps what it is sent: for tests of mail that is really sent.
//!
//! It speaks as much of RFC 5321 as a client needs, on a port of the loopback interface that the system picks: `EHLO`, `HELO`, `MAIL`,
//! `RCPT`, `DATA`, `RSET`, `NOOP`, `QUIT`. It offers neither STARTTLS nor AUTH. It can be told to refuse, to stall and to hang up.

mod behaviour;
mod conversation;
mod received;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

pub use self::behaviour::{Behaviour, Step};
use self::conversation::Conversation;
pub use self::received::ReceivedMail;

/// Longer than any mail takes, also where the machine is busy.
const LIMIT: Duration = Duration::from_secs(60);

/// A mail server that keeps what it is sent. It ends when this is dropped.
///
/// ```
/// use portcullis_testkit::smtp::SmtpSink;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let sink = SmtpSink::start().await?;
/// assert!(sink.url().starts_with("smtp://127.0.0.1:"));
/// assert!(sink.messages().is_empty());
/// # Ok(())
/// # }
/// ```
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    behaviour: Behaviour,
    messages: Vec<ReceivedMail>,
    commands: Vec<String>,
    connections: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SmtpSink {
    /// Starts one, which accepts everything.
    ///
    /// # Errors
    ///
    /// If there is no port to listen on.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let shared = Arc::<Shared>::default();
        Ok(Self {
            address: listener.local_addr()?,
            listening: tokio::spawn(listen(listener, Arc::clone(&shared))),
            shared,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL: `smtp://127.0.0.1:25025`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// How it behaves from the next step on, in all conversations.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.lock().behaviour = behaviour;
    }

    /// What it has accepted, the oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<ReceivedMail> {
        self.shared.lock().messages.clone()
    }

    /// What clients have said, but for what they said in mails.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.shared.lock().commands.clone()
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Waits until it has accepted so many mails, and gives them all.
    ///
    /// # Panics
    ///
    /// If that takes longer than a minute.
    pub async fn wait_for(&self, messages: usize) -> Vec<ReceivedMail> {
        let arrived = tokio::time::timeout(LIMIT, self.arrived(messages)).await;
        arrived.unwrap_or_else(|_| panic!("{messages} mails never came: {:?}", self.messages()))
    }

    async fn arrived(&self, messages: usize) -> Vec<ReceivedMail> {
        loop {
            let arrived = self.shared.arrived.notified();
            let so_far = self.messages();
            if so_far.len() >= messages {
                return so_far;
            }
            arrived.await;
        }
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.lock().connections += 1;
        let conversation = Conversation::new(stream, Arc::clone(&shared));
        // A client that hangs up ends its own conversation, no more.
        conversations.spawn(async { conversation.hold().await.is_ok() });
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl fmt::Debug for SmtpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSink")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
