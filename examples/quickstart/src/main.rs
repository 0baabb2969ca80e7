//! The quickstart server: accounts, and a small notes API behind them, on 127.0.0.1.
//!
//! `cargo run -p quickstart` prints what to paste. `--help` says what can be set.

mod accounts;
mod app;
mod body;
mod database;
mod edge;
mod pages;
mod posts;
mod providers;
mod redis;
mod secret;
mod settings;
mod signal;
mod welcome;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use self::settings::{HELP, ProviderSettings, Settings, Stop};
use self::welcome::Welcome;

/// How long what is under way may take when the server is told to end.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    log_to_stderr();
    let outcome = match Settings::read(std::env::args_os().skip(1)) {
        Ok(settings) => run(settings).await,
        Err(stop) => Err(stop),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Help) => {
            print(HELP);
            ExitCode::SUCCESS
        }
        Err(Stop::Wrong(what)) => {
            eprintln!("quickstart: {what}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), Stop> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Stop::Wrong(format!("cannot listen on {address}: {error}")))?;
    let listens_at = format!("http://{}", listener.local_addr()?);
    let base = match &settings.base_url {
        Some(url) => url.as_str(),
        None => &listens_at,
    };
    let store = database::connect(&settings).await?;
    let shared = redis::connect(&settings).await?;
    let (accounts, mails) = accounts::build(&settings, store.clone(), shared.as_ref(), base)?;
    let read = accounts.read_signing_keys().await;
    read.map_err(|error| Stop::Wrong(error.to_string()))?;
    let welcome = Welcome {
        base,
        listens_at: &listens_at,
        collections: &settings.collections,
        providers: settings
            .providers
            .iter()
            .map(ProviderSettings::name)
            .collect(),
        requires_verified: settings.requires_verified,
        shows_mail: mails.is_some(),
        makes_admin: settings.first_admin && database::is_empty(&store, &settings).await?,
        limits: settings.limits,
        place: database::place(&settings),
    };
    let app = app::build(&settings, &accounts, shared.as_ref(), mails);
    // Before the welcome, for whoever has read it may stop the server.
    let told_to_stop = signal::to_stop()?;
    let waited_long_enough = long_enough(signal::to_stop()?);
    print(&welcome.text()?);

    tokio::select! {
        served = serve(listener, app, told_to_stop) => served?,
        () = waited_long_enough => {}
    }
    // A mail server that hangs may not keep this one from ending, either: its mail waits in the database.
    if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, accounts.close()).await {
        tracing::warn!("which keys were used last was not noted: {error}");
    }
    store.close().await;
    Ok(())
}

async fn serve(
    listener: TcpListener,
    app: Router,
    told_to_stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(told_to_stop)
        .await
}

/// Requests under way may end; a client that never ends its request may not keep the server from it.
async fn long_enough(told_to_stop: impl Future<Output = ()>) {
    told_to_stop.await;
    tokio::time::sleep(PATIENCE).await;
}

/// Whoever reads may stop reading whenever they like: that is no reason to end.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,redis=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
