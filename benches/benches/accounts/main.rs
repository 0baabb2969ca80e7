//! Accounts on real databases: `cargo bench -p portcullis-benches --bench accounts -- --write docs/benchmarks-accounts.md`.
//!
//! `--quick` is a smoke run of seconds.

mod burst;
mod jobs;
mod room;
mod world;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use portcullis_benches::Settings;

use crate::world::World;

fn main() -> ExitCode {
    let settings = match Settings::from_args(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let page = runtime.block_on(page(&settings));
    println!("{page}");
    if let Some(path) = &settings.write
        && let Err(error) = std::fs::write(from_root(path), &page)
    {
        eprintln!("the page was not written: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn from_root(path: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

async fn page(settings: &Settings) -> String {
    let mut page = String::from(HEAD);
    let worlds = World::all().await;
    page.push_str("\n## Requests\n\nThrough the HTTP service in one process, without a socket; per second, with one request at a time and with 64.\n\n");
    page.push_str("| job | store | 1 at a time | 64 at a time |\n|---|---|---|---|\n");
    for job in jobs::ALL {
        for world in &worlds {
            let one = jobs::rate(job, world, 1, settings).await;
            let many = jobs::rate(job, world, 64, settings).await;
            let _ = writeln!(
                page,
                "| {} | {} | {one:.0}/s | {many:.0}/s |",
                job.name, world.name
            );
        }
    }
    page.push_str(BURST);
    for world in &worlds {
        page.push_str(&burst::row(world, settings).await);
    }
    page.push_str(ROOM);
    for world in &worlds {
        page.push_str(&room::row(world, settings).await);
    }
    page
}

const HEAD: &str = "\
# Accounts on SQLite and PostgreSQL

Written by `cargo bench -p portcullis-benches --bench accounts -- --write docs/benchmarks-accounts.md`. SQLite is a file with WAL and `synchronous=FULL` (sizes are read after a checkpoint by the program `sqlite3`); PostgreSQL runs on the
same machine over a unix socket, without fsync, so its writes cost no waiting for a disk here. Absolute figures are those of one machine: two cores, shared by the
requests, the database and whoever asks.
";

const BURST: &str = "
## A burst of logins

64 logins at once, each with one argon2id hash (m=19 MiB, t=2, p=1), and meanwhile one client after another that asks `GET /users/me` by an access token. (The pool beside
`spawn_blocking` and beside hashing on the workers is measured by `cargo bench -p portcullis-password`.)

| store | logins | neighbour's p50 | p99 |
|---|---|---|---|
";

const ROOM: &str = "
## Room

How much the database grows by, indexes included, for each login that lives.

| store | refresh family | cookie session | API key | audit entry |
|---|---|---|---|---|
";
