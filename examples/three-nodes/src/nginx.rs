//! nginx, which takes the nodes in turn.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::child::Child;
use crate::place::Place;

/// It is not on everybody's path.
pub(crate) fn program() -> Result<&'static str, String> {
    let places = [
        "/usr/sbin/nginx",
        "/usr/bin/nginx",
        "/usr/local/bin/nginx",
        "/opt/homebrew/bin/nginx",
    ];
    let found = places.into_iter().find(|place| Path::new(place).exists());
    found.ok_or_else(|| String::from("nginx is not installed (Debian package: nginx-light)"))
}

pub(crate) fn start(
    program: &str,
    place: &Place,
    port: u16,
    nodes: &[u16],
) -> Result<Child, String> {
    let settings = settings(port, nodes);
    fs::write(place.0.join("nginx.conf"), settings).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(&place.0)
        .args(["-c", "nginx.conf", "-e", "error.log"]);
    Child::start(&command, port)
}

fn settings(port: u16, nodes: &[u16]) -> String {
    let mut servers = String::new();
    for node in nodes {
        // Writing to a string cannot fail.
        let _ = write!(servers, "server 127.0.0.1:{node}; ");
    }
    include_str!("nginx.conf")
        .replace("{nodes}", servers.trim_end())
        .replace("{port}", &port.to_string())
}
