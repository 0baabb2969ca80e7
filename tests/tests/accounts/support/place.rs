use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_testkit::postgres::Server;

/// A directory for the files of one test, gone with it.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("portcullis-tests-{process}-{number}"));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// An empty database, of either kind.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
    directory: Option<Directory>,
    server: Option<Arc<Server>>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let directory = Directory::new();
        Self {
            url: format!("sqlite://{}", directory.path().join("app.db").display()),
            directory: Some(directory),
            server: None,
        }
    }

    /// `None` where PostgreSQL is not installed.
    pub(crate) fn postgres() -> Option<Self> {
        Server::shared().map(Self::on)
    }

    /// On a server of its own, to be stopped and started.
    pub(crate) fn postgres_of_its_own() -> Option<Self> {
        Server::start().map(|server| Self::on(Arc::new(server)))
    }

    fn on(server: Arc<Server>) -> Self {
        Self {
            url: server.database(),
            directory: None,
            server: Some(server),
        }
    }

    /// One of each kind that there is.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        [Some(Self::sqlite()), Self::postgres()]
            .into_iter()
            .flatten()
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_deref().expect("this is PostgreSQL")
    }

    /// The same, to be stopped by another task.
    pub(crate) fn shared_server(&self) -> Arc<Server> {
        self.server.clone().expect("this is PostgreSQL")
    }

    /// The files of a SQLite database.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let directory = self.directory.as_ref().expect("this is SQLite");
        let entries = std::fs::read_dir(directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}
