//! A cable between a store and PostgreSQL that can go dead without either end being told.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::support::Directory;

pub(crate) struct Freezer {
    directory: Directory,
    database: String,
    cable: Arc<watch::Sender<Cable>>,
}

#[derive(Clone, Copy)]
struct Cable {
    is_dead: bool,
    /// How often it was mended. What was connected before stays dead.
    mended: u32,
}

impl Freezer {
    /// In front of the server that this URL, with its parameter `host`, leads to.
    pub(crate) fn before(url: &str) -> Self {
        let (database, host) = url.split_once("?host=").expect("a socket's directory");
        let server = PathBuf::from(host).join(".s.PGSQL.5432");
        let directory = Directory::new();
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432"));
        let listener = listener.expect("it is free");
        let (cable, _) = watch::channel(Cable {
            is_dead: false,
            mended: 0,
        });
        let cable = Arc::new(cable);
        tokio::spawn(accept(listener, server, cable.clone()));
        Self {
            directory,
            database: database.to_owned(),
            cable,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}?host={}", self.database, self.directory.path().display())
    }

    /// Nothing passes any more, on connections that are there and new ones.
    pub(crate) fn freeze(&self) {
        self.cable.send_modify(|cable| cable.is_dead = true);
    }

    /// New connections pass; those that were there stay dead for ever.
    pub(crate) fn mend(&self) {
        self.cable.send_modify(|cable| {
            cable.is_dead = false;
            cable.mended += 1;
        });
    }
}

async fn accept(listener: UnixListener, server: PathBuf, cable: Arc<watch::Sender<Cable>>) {
    while let Ok((client, _)) = listener.accept().await {
        let mended = cable.borrow().mended;
        let server = UnixStream::connect(&server).await;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.expect("the server is there").into_split();
        tokio::spawn(pass(from_client, to_server, cable.subscribe(), mended));
        tokio::spawn(pass(from_server, to_client, cable.subscribe(), mended));
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut cable: watch::Receiver<Cable>,
    mended: u32,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let passes = |cable: &Cable| !cable.is_dead && cable.mended == mended;
        if cable.wait_for(passes).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
