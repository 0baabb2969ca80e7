//! GitHub and Discord, as far as a login needs them.

mod answer;
mod authorize;
mod discord;
mod github;
mod grants;
mod person;
mod request;
mod server;
mod state;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::person::Person;
pub use self::request::ReceivedRequest;
use self::server::Shared;
use self::state::Kind;
use super::{Behaviour, Client, Endpoint};

/// A server that answers as GitHub or Discord would. It ends when this is dropped.
///
/// **GitHub** has `/login/oauth/authorize`, `/login/oauth/access_token`, and its API's `/user` and `/user/emails`, also below `/api/v3`
/// as its Enterprise Server has them. Who comes back brings `iss` (RFC 9207), which ends in `/login/oauth`. Errors of its token endpoint
/// have status 200, and are forms unless JSON is asked for; scopes are parted by commas; a code's `redirect_uri` and PKCE are checked;
/// the API refuses requests without `User-Agent`; a person's id is a number, their `email` null, and their addresses stand on a page of
/// their own, for which the scope `user:email` is needed.
///
/// **Discord** has `/oauth2/authorize`, and below `/api` and `/api/v10` its `/oauth2/token` and `/users/@me`. Its token endpoint takes a
/// form with the client's credentials in `Authorization: Basic`, and gives refresh tokens that are good once; a person's id is the text
/// of a number that no JSON number holds exactly, their `email` is there with the scope `email` alone, beside `verified`, and of a
/// picture there is a hash.
///
/// At both, who is sent to the authorisation endpoint comes back at once: with a code for the person who
/// [logs in](Self::log_in), or [without one](Self::deny). Everything they are asked is kept.
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

impl StandIn {
    /// Starts a GitHub at which this application is registered.
    ///
    /// # Errors
    ///
    /// If there is no port to listen on.
    pub async fn github(client: Client) -> io::Result<Self> {
        Self::start(Kind::Github, client).await
    }

    /// Starts a Discord at which this application is registered.
    ///
    /// # Errors
    ///
    /// If there is no port to listen on.
    pub async fn discord(client: Client) -> io::Result<Self> {
        Self::start(Kind::Discord, client).await
    }

    async fn start(kind: Kind, client: Client) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let shared = Arc::new(Shared::new(kind, client));
        Ok(Self {
            address: listener.local_addr()?,
            listening: tokio::spawn(server::listen(listener, Arc::clone(&shared))),
            shared,
        })
    }

    /// Where it listens: `http://127.0.0.1:35711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Registers an address that it may send people back to, exactly like this.
    pub fn allow_redirect(&self, uri: impl Into<String>) {
        self.shared.lock().redirects.push(uri.into());
    }

    /// Opens an account. Whoever has this id already is replaced.
    pub fn add_person(&self, person: Person) {
        let mut state = self.shared.lock();
        state.people.retain(|other| other.id != person.id);
        state.people.push(person);
    }

    /// Who logs in from now on. Until then it is whoever was added first.
    pub fn log_in(&self, id: u64) {
        self.shared.lock().logs_in = Some(id);
    }

    /// Whether people, from now on, do not let the application in.
    pub fn deny(&self, denies: bool) {
        self.shared.lock().denies = denies;
    }

    /// How this place behaves from now on.
    pub fn misbehave(&self, at: Endpoint, behaviour: Behaviour) {
        self.shared.lock().behaviours.insert(at, behaviour);
    }

    /// From now on all places behave well again.
    pub fn behave(&self) {
        self.shared.lock().behaviours.clear();
    }

    /// What it was asked so far, the oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.lock().requests.clone()
    }

    /// What this place was asked so far, the oldest first.
    #[must_use]
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<ReceivedRequest> {
        let kind = self.shared.kind;
        let mut requests = self.requests();
        requests.retain(|request| kind.endpoint(&request.path) == Some(endpoint));
        requests
    }

    /// Every code and every token that it has given out: nothing of it may be found in a log.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.shared.lock().grants.given()
    }

    /// How many of its tokens have been given out for this person.
    #[must_use]
    pub fn tokens_of(&self, id: u64) -> usize {
        self.shared.lock().grants.tokens_of(id)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn")
            .field("kind", &self.shared.kind)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
