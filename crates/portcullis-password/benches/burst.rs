//! Many logins at once, and what they do to another endpoint: `cargo bench -p portcullis-password --bench burst`.
//!
//! Sixty-four logins (argon2id, m = 19 MiB, t = 2, p = 1) arrive together, five times in a row, while a client on its own thread
//! pings an echo server in the same runtime over loopback, once a millisecond. Each way of hashing runs in a process of its own, so that its peak
//! memory is its own.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use portcullis_password::{HashPool, Password, PasswordHasher};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const LOGINS: usize = 64;
const BURSTS: usize = 5;
const WAYS: [(&str, &str); 7] = [
    ("inline", "on the async workers"),
    ("blocking", "spawn_blocking"),
    ("semaphore", "semaphore of the cores over spawn_blocking"),
    ("reused", "the same, memory reused"),
    ("pool-normal", "HashPool, normal priority"),
    ("pool", "HashPool, nice 10 (default)"),
    ("pool-19", "HashPool, nice 19"),
];

fn main() -> Outcome<()> {
    let way = std::env::args()
        .skip_while(|argument| argument != "--way")
        .nth(1);
    match way {
        Some(way) => measure(&way),
        None => compare(),
    }
}

/// Runs each way in a process of its own.
fn compare() -> Outcome<()> {
    println!(
        "{LOGINS} logins at once, {BURSTS} times, on {} cores",
        cores()
    );
    println!(
        "{:44} {:>9} {:>9} {:>9} {:>9}",
        "", "p50 ms", "p99 ms", "logins/s", "peak MiB"
    );
    for (way, title) in WAYS {
        let output = Command::new(std::env::current_exe()?)
            .args(["--way", way])
            .output()?;
        print!("{title:44} {}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn measure(way: &str) -> Outcome<()> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(cores())
        .enable_all()
        .build()?;
    let login = Login::new(way)?;
    let (pings, took) = runtime.block_on(run(login))?;
    let rate = (LOGINS * BURSTS) as f64 / took.as_secs_f64();
    let milliseconds = |quantile: f64| {
        let index = ((pings.len() - 1) as f64 * quantile).round() as usize;
        pings[index].as_secs_f64() * 1e3
    };
    println!(
        "{:9.2} {:9.2} {rate:9.1} {:9}",
        milliseconds(0.5),
        milliseconds(0.99),
        peak_mib()
    );
    Ok(())
}

/// The pings' durations, sorted, and how long all bursts took.
async fn run(login: Login) -> Outcome<(Vec<Duration>, Duration)> {
    login.once().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(echo(listener));
    let stop = Arc::new(AtomicBool::new(false));
    let client = thread::spawn({
        let stop = Arc::clone(&stop);
        move || ping_until(&stop, address)
    });
    let start = Instant::now();
    for _ in 0..BURSTS {
        burst(&login).await?;
    }
    let took = start.elapsed();
    stop.store(true, Ordering::Relaxed);
    let mut pings = spawn_blocking(|| client.join())
        .await?
        .map_err(|_| "the client panicked")??;
    pings.sort_unstable();
    Ok((pings, took))
}

async fn burst(login: &Login) -> Outcome<()> {
    let tasks: Vec<_> = (0..LOGINS)
        .map(|_| {
            let login = login.clone();
            tokio::spawn(async move { login.once().await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn echo(listener: TcpListener) -> Outcome<()> {
    let (mut stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    loop {
        let byte = stream.read_u8().await?;
        stream.write_u8(byte).await?;
    }
}

fn ping_until(stop: &AtomicBool, address: SocketAddr) -> Outcome<Vec<Duration>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut pings = Vec::new();
    let mut planned = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        // Counted from when it was due, if the one before kept it from being sent.
        let start = if Instant::now() > planned {
            planned
        } else {
            wait_until(planned)
        };
        stream.write_all(&[1])?;
        stream.read_exact(&mut [0])?;
        pings.push(start.elapsed());
        planned += Duration::from_millis(1);
    }
    Ok(pings)
}

/// When it was, which may be a little later.
fn wait_until(moment: Instant) -> Instant {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
    Instant::now()
}

/// One of the ways to verify a password.
#[derive(Clone)]
enum Login {
    Inline,
    Blocking,
    Semaphore(Arc<Semaphore>),
    Reused(Arc<Semaphore>, Arc<Mutex<Vec<Vec<Block>>>>),
    Pool(HashPool, Arc<str>),
}

impl Login {
    fn new(way: &str) -> Outcome<Self> {
        let semaphore = || Arc::new(Semaphore::new(cores()));
        Ok(match way {
            "inline" => Self::Inline,
            "blocking" => Self::Blocking,
            "semaphore" => Self::Semaphore(semaphore()),
            "reused" => Self::Reused(semaphore(), Arc::default()),
            _ => pool(way)?,
        })
    }

    async fn once(&self) -> Outcome<()> {
        match self {
            Self::Inline => hash_fresh()?,
            Self::Blocking => spawn_blocking(hash_fresh).await??,
            Self::Semaphore(semaphore) => {
                let _permit = semaphore.acquire().await?;
                spawn_blocking(hash_fresh).await??;
            }
            Self::Reused(semaphore, memory) => {
                let _permit = semaphore.acquire().await?;
                let memory = Arc::clone(memory);
                spawn_blocking(move || hash_reusing(&memory)).await??;
            }
            Self::Pool(pool, stored) => {
                let verification = pool.verify(Password::new("secret")?, &**stored).await?;
                assert!(verification.is_match());
            }
        }
        Ok(())
    }
}

fn pool(way: &str) -> Outcome<Login> {
    let builder = HashPool::builder(PasswordHasher::default());
    let builder = match way {
        "pool-normal" => builder.normal_priority(),
        "pool-19" => builder.nice(19),
        _ => builder,
    };
    let stored = PasswordHasher::default().hash(&Password::new("secret")?)?;
    Ok(Login::Pool(builder.build()?, stored.as_str().into()))
}

fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// As the argon2 crate does it: memory of its own for every hash.
fn hash_fresh() -> Outcome<()> {
    let mut output = [0; 32];
    argon().hash_password_into(b"secret", b"0123456789abcdef", &mut output)?;
    Ok(())
}

fn hash_reusing(memory: &Mutex<Vec<Vec<Block>>>) -> Outcome<()> {
    let taken = memory.lock().map_err(|_| "poisoned")?.pop();
    let mut blocks = taken.unwrap_or_else(|| vec![Block::new(); Params::DEFAULT.block_count()]);
    let mut output = [0; 32];
    argon().hash_password_into_with_memory(
        b"secret",
        b"0123456789abcdef",
        &mut output,
        &mut blocks,
    )?;
    memory.lock().map_err(|_| "poisoned")?.push(blocks);
    Ok(())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// VmHWM of /proc/self/status; 0 where there is none.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
