//! One quickstart.

use std::env;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child::Child;
use crate::place::Place;

/// What all nodes share.
pub(crate) struct Settings {
    base: String,
    database: String,
    redis: String,
    secret: String,
}

impl Settings {
    /// With the port where people find all of it, and a secret that is as new as the database.
    pub(crate) fn new(front: u16, database: String, redis: String) -> Result<Self, String> {
        let mut bytes = [0_u8; 32];
        let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
        read.map_err(|error| format!("no randomness: {error}"))?;
        let mut secret = String::new();
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(secret, "{byte:02x}");
        }
        Ok(Self {
            base: format!("http://127.0.0.1:{front}"),
            database,
            redis,
            secret,
        })
    }
}

/// Has cargo build the quickstart, which then lies beside this program.
pub(crate) fn build() -> Result<PathBuf, String> {
    let ours = env::current_exe().map_err(|error| error.to_string())?;
    let quickstart = ours.with_file_name("quickstart");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "-p", "quickstart"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let built = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    match built.success() && quickstart.exists() {
        true => Ok(quickstart),
        false => Err(String::from(
            "the quickstart was not built; run this in Portcullis' directory",
        )),
    }
}

pub(crate) fn start(
    program: &Path,
    place: &Place,
    settings: &Settings,
    port: u16,
) -> Result<Child, String> {
    let mut command = Command::new(program);
    command
        .current_dir(&place.0)
        .args(["--port", &port.to_string()])
        .env("DATABASE_URL", &settings.database)
        .env("REDIS_URL", &settings.redis)
        .env("JWT_SECRET", &settings.secret)
        .env("PORTCULLIS_BASE_URL", &settings.base)
        .env("PORTCULLIS_TRUSTED_PROXIES", "127.0.0.0/8");
    Child::start(&command, port)
}
