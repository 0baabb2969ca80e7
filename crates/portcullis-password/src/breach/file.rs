//! Breached passwords in a sorted file.

use std::cmp::Ordering;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::digest::{HEX_LENGTH, hex_digest};
use super::{BreachFuture, BreachOutcome, BreachedPasswords};
use crate::Password;

/// Lines are 40 digits, a colon and a count: no line is longer than half of this.
const WINDOW: usize = 256;
/// Look-ups that may wait for the disk.
const QUEUE: usize = 64;

/// A file of `SHA1:count` lines, sorted by digest, as the Pwned Passwords downloader writes it ("ordered by hash").
///
/// About thirty short reads a look-up, on one thread of its own, so that no async worker waits for a disk. The file is not
/// read into memory, and must not change while it is open: put a new one beside it and open that.
pub struct BreachedFile {
    look_ups: SyncSender<LookUp>,
}

struct LookUp {
    digest: Zeroizing<String>,
    reply: oneshot::Sender<BreachOutcome>,
}

impl BreachedFile {
    /// Opens the file and starts the thread, which ends when this is dropped.
    ///
    /// # Errors
    /// When the file cannot be opened, its first line is not `SHA1:count`, or the system gives no thread.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut lines = SortedLines::new(File::open(path)?)?;
        if lines.length > 0 {
            lines.line_around(0)?;
        }
        let (look_ups, waiting) = sync_channel::<LookUp>(QUEUE);
        thread::Builder::new()
            .name("pw-breach-file".to_owned())
            .spawn(move || {
                for LookUp { digest, reply } in waiting {
                    let _ = reply.send(lines.outcome(&digest));
                }
            })?;
        Ok(Self { look_ups })
    }

    async fn ask(&self, digest: Zeroizing<String>) -> BreachOutcome {
        let (reply, answer) = oneshot::channel();
        match self.look_ups.try_send(LookUp { digest, reply }) {
            Ok(()) => answer.await.unwrap_or(BreachOutcome::Unknown),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => BreachOutcome::Unknown,
        }
    }
}

impl BreachedPasswords for BreachedFile {
    fn check<'a>(&'a self, password: &'a Password) -> BreachFuture<'a> {
        Box::pin(self.ask(hex_digest(password)))
    }
}

impl fmt::Debug for BreachedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BreachedFile")
            .finish_non_exhaustive()
    }
}

struct SortedLines {
    file: File,
    length: u64,
}

/// A line, and where it and the next one begin.
struct Line {
    digest: String,
    times: u64,
    start: u64,
    next: u64,
}

impl SortedLines {
    fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    fn outcome(&mut self, digest: &str) -> BreachOutcome {
        self.find(digest).map_or_else(
            |error| {
                tracing::warn!(%error, "a password was not checked against breaches");
                BreachOutcome::Unknown
            },
            BreachOutcome::seen,
        )
    }

    /// How often the digest was seen, 0 when it is not there.
    fn find(&mut self, digest: &str) -> io::Result<u64> {
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let line = self.line_around(low + (high - low) / 2)?;
            match line.digest.as_str().cmp(digest) {
                Ordering::Equal => return Ok(line.times),
                Ordering::Less => low = line.next,
                Ordering::Greater => high = line.start,
            }
        }
        Ok(0)
    }

    /// The line with the byte at this position.
    fn line_around(&mut self, position: u64) -> io::Result<Line> {
        let from = position.saturating_sub(WINDOW as u64 / 2);
        let mut window = Vec::with_capacity(WINDOW);
        self.file.seek(SeekFrom::Start(from))?;
        Read::by_ref(&mut self.file)
            .take(WINDOW as u64)
            .read_to_end(&mut window)?;
        parse(&window, from, position)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a line of SHA1:count"))
    }
}

fn parse(window: &[u8], from: u64, position: u64) -> Option<Line> {
    let newline = |byte: &u8| *byte == b'\n';
    let at = usize::try_from(position - from).ok()?;
    let start = match window.get(..at)?.iter().rposition(newline) {
        Some(index) => index + 1,
        None if from == 0 => 0,
        None => return None,
    };
    let end = window[at..]
        .iter()
        .position(newline)
        .map_or(window.len(), |index| at + index);
    let (digest, times) = std::str::from_utf8(&window[start..end])
        .ok()?
        .trim_end()
        .split_once(':')?;
    let digest = Some(digest)
        .filter(|digest| digest.len() == HEX_LENGTH)?
        .to_ascii_uppercase();
    Some(Line {
        digest,
        times: times.parse().ok()?,
        start: from + start as u64,
        next: from + end as u64 + 1,
    })
}
