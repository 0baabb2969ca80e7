use std::fmt;
use std::net::IpAddr;

use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_core::{Client, ClientAddress};

/// More of a `User-Agent` is not kept.
const USER_AGENT_BYTES: usize = 512;

/// Request ids that are longer, or hold other characters than visible ASCII, are not taken over.
const REQUEST_ID_BYTES: usize = 128;

/// From where a flow is called: for limits, the audit trail and the list of sessions.
///
/// Without HTTP, leave it out, and the caller counts as one client with all others that leave it out; or say what is known.
///
/// ```
/// use portcullis_accounts::Origin;
/// use portcullis_core::Client;
///
/// let origin = Origin::new(Client::Address("203.0.113.9".parse().unwrap())).user_agent("import/1.0");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Origin {
    pub(crate) client: Client,
    pub(crate) user_agent: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) head: HeaderMap,
    /// Whether the call was counted by its client's address already.
    pub(crate) is_counted: bool,
}

impl Default for Origin {
    fn default() -> Self {
        Self::new(Client::Unresolvable)
    }
}

impl Origin {
    /// A caller at this address.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            user_agent: None,
            request_id: None,
            head: HeaderMap::new(),
            is_counted: false,
        }
    }

    /// Whoever has sent this request, by the rules of this resolver.
    pub fn of(request: &Parts, addresses: &ClientAddress) -> Self {
        let mut origin = Self::new(addresses.resolve(request));
        origin.user_agent = text(request.headers.get(USER_AGENT)).map(|agent| shortened(&agent));
        origin.request_id = request_id(&request.headers);
        origin.head = request.headers.clone();
        origin
    }

    /// By which client, as it says; cut to 512 bytes, control characters escaped.
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = Some(shortened(user_agent));
        self
    }

    /// Which request this is.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Whether whoever asks has counted the call by its client's address already.
    pub(crate) fn counted(mut self, is_counted: bool) -> Self {
        self.is_counted = is_counted;
        self
    }

    /// The address, if one is known.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.client {
            Client::Address(address) => Some(address),
            Client::Unresolvable => None,
        }
    }
}

/// The request's own id, where it has a sound one.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let is_sound = (1..=REQUEST_ID_BYTES).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_sound.then(|| id.to_owned())
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// At most 512 bytes, without control characters, which could forge lines of a log (AC-U4).
fn shortened(text: &str) -> String {
    let mut short = String::new();
    for letter in text.chars() {
        let piece = match letter.is_control() {
            true => letter.escape_default().to_string(),
            false => letter.to_string(),
        };
        if short.len() + piece.len() > USER_AGENT_BYTES {
            break;
        }
        short.push_str(&piece);
    }
    short
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
