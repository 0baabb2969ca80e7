//! A server that is none: it speaks Redis' protocol, and answers as a test wants it to.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_core::{Clock as _, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does when it is asked.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    /// Answers this, as it stands on the wire.
    Say(String),
    /// The same, after a while.
    SayAfter(Duration, String),
    /// The same, and cuts then.
    SayAndCut(String),
    Cut,
    /// Nothing, and goes on listening.
    Nothing,
}

pub(crate) fn say(text: &str) -> Does {
    Does::Say(format!("{text}\r\n"))
}

/// Given the words of a command, in capital letters where it is the name.
type Manners = dyn Fn(&[String]) -> Does + Send + Sync;

pub(crate) struct Fake {
    port: u16,
    counts: Arc<Counts>,
    manners: Arc<Mutex<Arc<Manners>>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    /// When each connection came.
    connections: Mutex<Vec<Duration>>,
    questions: AtomicUsize,
}

impl Fake {
    pub(crate) async fn start(manners: impl Fn(&[String]) -> Does + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let manners: Arc<Mutex<Arc<Manners>>> = Arc::new(Mutex::new(Arc::new(manners)));
        let counts = Arc::new(Counts::default());
        let (theirs, noted) = (Arc::clone(&manners), Arc::clone(&counts));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                noted
                    .connections
                    .lock()
                    .unwrap()
                    .push(SystemClock.monotonic());
                let (manners, counts) = (Arc::clone(&theirs), Arc::clone(&noted));
                tokio::spawn(async move { converse(stream, &manners, &counts).await });
            }
        });
        Self {
            port,
            counts,
            manners,
            task,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.lock().unwrap().len()
    }

    /// How often it was asked anything but what belongs to connecting.
    pub(crate) fn questions(&self) -> usize {
        self.counts.questions.load(Ordering::SeqCst)
    }

    /// From now on, on all connections.
    pub(crate) fn behave(&self, manners: impl Fn(&[String]) -> Does + Send + Sync + 'static) {
        *self.manners.lock().unwrap() = Arc::new(manners);
    }

    /// Waits until there have been as many connections more, and says how long it took from the first to the last of them. However slow
    /// the machine is, it is no less than the pauses between: who connects does not know how it ends before it is accepted.
    pub(crate) async fn time_of(&self, more: usize) -> Duration {
        let first = self.connections();
        let last = first + more - 1;
        crate::nodes::eventually("more connect", async || self.connections() > last).await;
        let all = self.counts.connections.lock().unwrap();
        all[last].saturating_sub(all[first])
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Says what belongs to connecting, so that a test needs to say only what it is about.
pub(crate) fn welcomes(words: &[String]) -> Option<Does> {
    match words[0].as_str() {
        "HELLO" => Some(say("%1\r\n+server\r\n+redis")),
        "CLIENT" | "SELECT" => Some(say("+OK")),
        "PING" => Some(say("+PONG")),
        "INFO" => Some(say("$-1")),
        _ => None,
    }
}

async fn converse(stream: TcpStream, manners: &Mutex<Arc<Manners>>, counts: &Counts) {
    let mut stream = BufReader::new(stream);
    while let Some(words) = command(&mut stream).await {
        if welcomes(&words).is_none() {
            counts.questions.fetch_add(1, Ordering::SeqCst);
        }
        let manners = Arc::clone(&manners.lock().unwrap());
        let answer = match manners(&words) {
            Does::Cut => return,
            Does::Nothing => continue,
            Does::Say(answer) => answer,
            Does::SayAndCut(answer) => {
                drop(stream.write_all(answer.as_bytes()).await);
                return;
            }
            Does::SayAfter(pause, answer) => {
                tokio::time::sleep(pause).await;
                answer
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// An array of strings, as clients send it; none at the end, or where it is something else.
async fn command(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let count = length(stream, '*').await?;
    let mut words = Vec::new();
    for _ in 0..count {
        let mut word = vec![0; length(stream, '$').await? + 2];
        stream.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    words.first_mut()?.make_ascii_uppercase();
    Some(words)
}

async fn length(stream: &mut BufReader<TcpStream>, kind: char) -> Option<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}
