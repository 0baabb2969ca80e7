//! A directory that is gone with this process.

use std::path::PathBuf;
use std::{env, fs, io, process};

pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn create() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("portcullis-three-nodes-{}", process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
