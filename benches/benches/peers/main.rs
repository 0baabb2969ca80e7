//! Portcullis beside its peers, in one process: `cargo bench -p portcullis-benches --bench peers -- --write docs/benchmarks.md`.
//!
//! `--quick` is a smoke run of seconds, `--only NAME` runs the section whose name begins so, and
//! `--cases START,START` only prints the figures of the cases whose names begin so.

mod flood;
mod floor;
mod guard;
mod hand;
mod head;
mod jwks;
mod jwt;
mod key;
mod limit;
mod reply;
mod request;
mod session;
mod socket;
mod token;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use portcullis_benches::{Page, Race, Section, Settings, section, with_section};

use crate::jwt::Issuers;

fn main() -> ExitCode {
    let settings = match Settings::from_args(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(starts) = &settings.cases {
        let mut race = race(&Issuers::new(), &settings);
        race.retain(starts);
        print!("{}", race.run(&settings));
        return ExitCode::SUCCESS;
    }
    let page = Page {
        head: head::head(&settings),
        sections: sections(&settings),
    };
    println!("{page}");
    match write(&page, &settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the page was not written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// All that is measured in calls, side by side.
fn race(issuers: &Issuers, settings: &Settings) -> Race {
    let wants = |name| settings.wants(name);
    let mut race = Race::new();
    floor::enter(&mut race);
    if wants("jwt") {
        jwt::enter(&mut race, issuers, settings);
    }
    if wants("key") {
        key::enter(&mut race);
    }
    if wants("session") {
        session::enter(&mut race);
    }
    if wants("guard") {
        guard::enter(&mut race);
    }
    if wants("limit") {
        limit::enter(&mut race, settings);
    }
    race
}

/// The race first; then the trials of other kinds, each when the machine has nothing else to do.
fn sections(settings: &Settings) -> Vec<Section> {
    let issuers = Issuers::new();
    let wants = |name| settings.wants(name);
    let outcome = race(&issuers, settings).run(settings);

    let mut sections = vec![floor::report(&outcome)];
    let mut add = |name, section: &dyn Fn() -> Section| {
        if wants(name) {
            sections.push(section());
        }
    };
    add("jwt", &|| jwt::report(&outcome));
    add("jwks", &|| jwks::section(issuers.eddsa(), settings));
    add("key", &|| key::report(&outcome));
    add("session", &|| session::report(&outcome));
    add("guard", &|| guard::report(&outcome));
    add("limit", &|| limit::section(&outcome, flood::rows(settings)));
    add("socket", &|| socket::section(&issuers, settings));
    sections
}

/// Sections that other benches write into the same page.
const OF_OTHERS: [&str; 1] = ["Redis"];

/// Writes the page where it is wanted, from the root of the repository on.
fn write(page: &Page, settings: &Settings) -> io::Result<()> {
    let Some(path) = &settings.write else {
        return Ok(());
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let before = fs::read_to_string(&path).unwrap_or_default();
    let mut text = page.to_string();
    for title in OF_OTHERS {
        if let Some(section) = section(&before, title) {
            text = with_section(&text, title, section);
        }
    }
    fs::write(path, text)
}
