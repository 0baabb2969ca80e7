use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::Sleep;

use super::control::{Control, Direction, Way};
use super::target::{Reader, Writer, halves};

/// How many pieces may be on their way: a network holds some as well.
const UNDER_WAY: usize = 64;

const PIECE: usize = 16 * 1024;

/// Into how many parts a second is divided where not everything may pass at once.
const PARTS: u32 = 100;

/// A piece of what one end says, and the moment at which the other may hear it.
struct Piece {
    due: Pin<Box<Sleep>>,
    bytes: Vec<u8>,
}

/// A client, and its connection to the server.
pub(super) struct Connection {
    client: TcpStream,
    told: watch::Receiver<Control>,
    /// How often connections had been cut when this one was made.
    cuts: u64,
    cut_after: Option<usize>,
}

impl Connection {
    pub(super) fn new(client: TcpStream, told: watch::Receiver<Control>) -> Self {
        let control = told.borrow();
        let (cuts, cut_after) = (control.cuts, control.cut_after);
        drop(control);
        Self {
            client,
            told,
            cuts,
            cut_after,
        }
    }

    /// Hands on until both ends have said all, or one breaks, or it is cut.
    pub(super) async fn hold(self) {
        if self.told.borrow().way == Way::Closed {
            return;
        }
        let (mut told, cuts) = (self.told.clone(), self.cuts);
        tokio::select! {
            // One end that breaks is the end of the other.
            _ = self.relay() => {}
            _ = told.wait_for(|control| control.cuts != cuts) => {}
        }
    }

    async fn relay(self) -> io::Result<()> {
        let target = until_heard(&mut self.told.clone()).await?.target;
        let (from_server, to_server) = target.connect().await?;
        let (from_client, to_client) = halves(self.client)?;
        let there = OneWay {
            direction: Direction::ToServer,
            told: self.told.clone(),
            left: self.cut_after,
        };
        let back = OneWay {
            direction: Direction::ToClient,
            told: self.told,
            left: None,
        };
        tokio::try_join!(
            there.relay(from_client, to_server),
            back.relay(from_server, to_client)
        )?;
        Ok(())
    }
}

/// Waits until the ends may hear each other.
async fn until_heard(told: &mut watch::Receiver<Control>) -> io::Result<Control> {
    let control = told.wait_for(|control| !control.is_silent()).await;
    // Who told is gone: it is over.
    control
        .map(|control| control.clone())
        .map_err(|_| io::ErrorKind::ConnectionAborted.into())
}

struct OneWay {
    direction: Direction,
    told: watch::Receiver<Control>,
    /// How many bytes may pass before it is cut.
    left: Option<usize>,
}

impl OneWay {
    async fn relay(self, from: Reader, to: Writer) -> io::Result<()> {
        let (sender, pieces) = mpsc::channel(UNDER_WAY);
        let reads = read(from, self.direction, self.told.clone(), sender);
        tokio::try_join!(reads, self.write(to, pieces))?;
        Ok(())
    }

    async fn write(mut self, mut to: Writer, mut pieces: mpsc::Receiver<Piece>) -> io::Result<()> {
        while let Some(piece) = pieces.recv().await {
            piece.due.await;
            self.pass(&mut to, &piece.bytes).await?;
        }
        until_heard(&mut self.told).await?;
        to.shutdown().await
    }

    async fn pass(&mut self, to: &mut Writer, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let control = until_heard(&mut self.told).await?;
            let (some, rest) = bytes.split_at(self.share(&control).min(bytes.len()));
            to.write_all(some).await?;
            if let Some(left) = &mut self.left {
                *left -= some.len();
                if *left == 0 {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
            if control.bytes_per_second.is_some() {
                tokio::time::sleep(Duration::from_secs(1) / PARTS).await;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// How much may pass now.
    fn share(&self, control: &Control) -> usize {
        let share = control.bytes_per_second.map_or(PIECE, |bytes| {
            usize::try_from(bytes / PARTS).unwrap_or(PIECE).max(1)
        });
        self.left.map_or(share, |left| share.min(left))
    }
}

async fn read(
    mut from: Reader,
    direction: Direction,
    told: watch::Receiver<Control>,
    pieces: mpsc::Sender<Piece>,
) -> io::Result<()> {
    loop {
        let mut bytes = vec![0; PIECE];
        let count = match from.read(&mut bytes).await {
            Ok(count) => count,
            // While nobody hears of the other, nobody hears of the other's end either.
            Err(error) => {
                until_heard(&mut told.clone()).await?;
                return Err(error);
            }
        };
        if count == 0 {
            return Ok(());
        }
        bytes.truncate(count);
        let due = Box::pin(tokio::time::sleep(told.borrow().delay(direction)));
        if pieces.send(Piece { due, bytes }).await.is_err() {
            return Ok(());
        }
    }
}
