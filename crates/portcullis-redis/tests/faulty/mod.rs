//! Faults in the scripts, planted on their way to Redis: what is tested is the limiter itself, with all it is made of but one line.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_redis::{Redis, RedisBuilder};
use portcullis_testkit::redis::Server;
use redis::Script;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

/// What a script says, and what it is made to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault(pub(crate) &'static str, pub(crate) &'static str);

/// A line to Redis on which scripts are changed.
pub(crate) struct FaultyLine {
    url: String,
    planted: Arc<Planted>,
    _carrying: JoinSet<io::Result<()>>,
}

struct Planted {
    fault: Fault,
    /// How Redis knows what the node knows by these names.
    names: Mutex<HashMap<String, String>>,
    scripts: AtomicU32,
}

impl FaultyLine {
    pub(crate) fn to(server: &Server, fault: Fault) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let socket = server.directory().join(format!("faulty{number}.sock"));
        let listener = UnixListener::bind(&socket).unwrap();
        let planted = Arc::new(Planted {
            fault,
            names: Mutex::default(),
            scripts: AtomicU32::new(0),
        });
        let mut carrying = JoinSet::new();
        let (planting, redis) = (Arc::clone(&planted), server.socket());
        carrying.spawn(async move {
            let mut lines = JoinSet::new();
            loop {
                let (node, _) = listener.accept().await?;
                let redis = UnixStream::connect(&redis).await?;
                lines.spawn(carry(node, redis, Arc::clone(&planting)));
            }
        });
        Self {
            url: format!("unix://{}", socket.display()),
            planted,
            _carrying: carrying,
        }
    }

    /// How to connect over it, with all the time that a busy machine may take.
    pub(crate) fn builder(&self, prefix: &str) -> RedisBuilder {
        let builder = Redis::builder(&self.url).unwrap();
        let builder = builder.response_timeout(Duration::from_secs(30));
        builder.key_prefix(prefix)
    }

    /// In how many scripts the fault was planted.
    pub(crate) fn scripts(&self) -> u32 {
        self.planted.scripts.load(Ordering::Relaxed)
    }
}

async fn carry(node: UnixStream, redis: UnixStream, planted: Arc<Planted>) -> io::Result<()> {
    let (questions, mut answers) = node.into_split();
    let (mut from_redis, mut to_redis) = redis.into_split();
    let mut back = JoinSet::new();
    back.spawn(async move { tokio::io::copy(&mut from_redis, &mut answers).await });
    let mut questions = BufReader::new(questions);
    loop {
        let mut words = command(&mut questions).await?;
        planted.change(&mut words);
        to_redis.write_all(&packed(&words)).await?;
    }
}

/// The next command: an array of strings.
async fn command(questions: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    for _ in 0..number_after(b'*', questions).await? {
        let mut word = vec![0; number_after(b'$', questions).await? + 2];
        questions.read_exact(&mut word).await?;
        word.truncate(word.len() - 2);
        words.push(word);
    }
    Ok(words)
}

async fn number_after(sign: u8, from: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<usize> {
    let mut line = String::new();
    if from.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    assert_eq!(line.as_bytes()[0], sign, "{line:?}");
    Ok(line[1..].trim_end().parse().unwrap())
}

fn packed(words: &[Vec<u8>]) -> Vec<u8> {
    let mut packed = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        packed.extend(format!("${}\r\n", word.len()).into_bytes());
        packed.extend(word);
        packed.extend(b"\r\n");
    }
    packed
}

impl Planted {
    fn change(&self, words: &mut [Vec<u8>]) {
        let [name, script, ..] = words else { return };
        let text = String::from_utf8_lossy(script).into_owned();
        match name.as_slice() {
            b"EVAL" => *script = self.faulty(&text).into_bytes(),
            // Others may have told Redis the script without the fault.
            b"EVALSHA" => {
                let known = self.names.lock().unwrap().get(&text).cloned();
                *script = known.unwrap_or_else(|| "0".repeat(40)).into_bytes();
            }
            _ => {}
        }
    }

    fn faulty(&self, script: &str) -> String {
        let Fault(says, is_made_to_say) = self.fault;
        if script.contains(says) {
            self.scripts.fetch_add(1, Ordering::Relaxed);
        }
        let faulty = script.replace(says, is_made_to_say);
        let hash = |script: &str| Script::new(script).get_hash().to_owned();
        let mut names = self.names.lock().unwrap();
        names.insert(hash(script), hash(&faulty));
        faulty
    }
}
