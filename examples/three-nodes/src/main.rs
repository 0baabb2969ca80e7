//! Three nodes of the quickstart behind nginx, on a PostgreSQL and a Redis of their own. `cargo run -p three-nodes`

mod child;
mod nginx;
mod node;
mod place;
mod signal;

use std::process::ExitCode;

use portcullis_testkit::{postgres, redis};

use self::child::Child;
use self::place::Place;

const NODES: u16 = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("three-nodes: {what}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let first = first_port()?;
    let nginx = nginx::program()?;
    let quickstart = node::build()?;
    // Each says by itself what is not installed.
    let postgres = postgres::Server::start().ok_or("PostgreSQL is needed")?;
    let redis = redis::Server::start().ok_or("Redis is needed")?;
    let place = Place::create().map_err(|error| format!("no directory: {error}"))?;
    let settings = node::Settings::new(first, postgres.database(), redis.url())?;
    let ports: Vec<u16> = (1..=NODES).map(|node| first + node).collect();
    let mut nodes = Vec::new();
    for port in &ports {
        // One after the other: the first one makes the tables.
        nodes.push(node::start(&quickstart, &place, &settings, *port)?);
    }
    let front = nginx::start(nginx, &place, first, &ports)?;
    // Before it is told: whoever has read it may end it.
    let told_to_stop = signal::to_stop().map_err(|error| error.to_string())?;
    tell(first, &ports, &nodes, &redis);
    told_to_stop.await;
    println!("\nending");
    drop((front, nodes));
    Ok(())
}

/// 3000, or what is said.
fn first_port() -> Result<u16, String> {
    let Some(argument) = std::env::args().nth(1) else {
        return Ok(3000);
    };
    let port = argument.parse().ok();
    let port = port.filter(|port| (1024..=u16::MAX - NODES).contains(port));
    port.ok_or_else(|| {
        format!("{argument:?} is no port above 1023: cargo run -p three-nodes -- 8000")
    })
}

fn tell(first: u16, ports: &[u16], nodes: &[Child], redis: &redis::Server) {
    println!("http://127.0.0.1:{first}   nginx, which takes the nodes in turn");
    for (port, node) in ports.iter().zip(nodes) {
        println!("http://127.0.0.1:{port}   a node; kill -KILL {}", node.id());
    }
    let info = redis.ask(&["INFO", "server"]);
    let id = info
        .lines()
        .find_map(|line| line.strip_prefix("process_id:"));
    let socket = redis.socket();
    println!(
        "redis-cli -s {}   kill -STOP {}",
        socket.display(),
        id.unwrap_or_default().trim()
    );
    println!("Ctrl-C ends all of it");
}
