//! Decisions by Redis: `cargo bench -p portcullis-benches --bench redis -- --write docs/benchmarks.md` writes the section of that name.
//!
//! `--quick` is a smoke run of seconds.

mod calls;
mod nodes;
mod rows;
mod world;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use portcullis_benches::{Section, Settings, with_section};
use portcullis_testkit::redis::Server;

use crate::calls::Plan;
use crate::world::World;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == nodes::NODE).is_some() {
        nodes::be_one(arguments);
        return ExitCode::SUCCESS;
    }
    let settings = match Settings::from_args(arguments) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let Some(server) = Server::start() else {
        return ExitCode::FAILURE;
    };
    let section = section(&server, &Plan::of(&settings));
    println!("{section}");
    match write(&section, &settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the section was not written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn section(server: &Server, plan: &Plan) -> Section {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (one, many) = runtime.block_on(async {
        let world = World::fill(server).await;
        (
            calls::race(&world, server, 1, plan).await,
            calls::race(&world, server, rows::MANY, plan).await,
        )
    });
    drop(runtime);
    let growth = nodes::growth(server, plan);
    rows::section(&one, &many, &growth)
}

/// Puts the section in the place of the one that stands on the page.
fn write(section: &Section, settings: &Settings) -> io::Result<()> {
    let Some(path) = &settings.write else {
        return Ok(());
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let page = fs::read_to_string(&path)?;
    fs::write(path, with_section(&page, rows::TITLE, &section.to_string()))
}
