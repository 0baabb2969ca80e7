use serde_json::{Value, json};

/// A place at a provider that can behave badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// Where the browser is sent.
    Authorization,
    /// Where codes become tokens.
    Token,
    /// Who somebody is.
    Userinfo,
    /// A person's addresses: at GitHub alone.
    Addresses,
    /// The document that names all others: at OpenID Connect providers alone.
    Discovery,
    /// The keys that tokens are verified with: at OpenID Connect providers alone.
    Keys,
}

impl Endpoint {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Addresses => "addresses",
            Self::Discovery => "discovery",
            Self::Keys => "keys",
        }
    }
}

/// What a provider does instead of answering as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Behaviour {
    /// It answers with this status, of this media type, and this body.
    Answer {
        /// Such as 500.
        status: u16,
        /// Such as `text/html`.
        content_type: String,
        /// All of it.
        body: String,
    },
    /// It sends whoever asks elsewhere.
    Redirect {
        /// 302, 307 and the like.
        status: u16,
        /// Where to.
        to: String,
    },
    /// It says nothing, and keeps the connection.
    Silence,
    /// It closes the connection without a word.
    HangUp,
    /// It answers with JSON that holds this many bytes of padding.
    Giant {
        /// How many.
        bytes: usize,
    },
    /// Its answer begins well, and goes on as fast as it is taken, without end.
    Endless,
    /// Its answer begins well, and goes on with a byte every 20 milliseconds, without end.
    Drip,
}

impl Behaviour {
    /// It answers with this status, and a line of text.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::answer(status, "text/plain", "as the test wants it")
    }

    /// It answers with a page for people, and status 200.
    #[must_use]
    pub fn page() -> Self {
        let page = "<!DOCTYPE html><title>Sorry</title><h1>Something went wrong</h1>";
        Self::answer(200, "text/html; charset=utf-8", page)
    }

    /// It answers with this JSON, and status 200.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self::answer(200, "application/json", &body.to_string())
    }

    /// It answers with this status, of this media type, and this body.
    #[must_use]
    pub fn answer(status: u16, content_type: &str, body: &str) -> Self {
        Self::Answer {
            status,
            content_type: content_type.to_owned(),
            body: body.to_owned(),
        }
    }

    /// As the script on node reads it.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Answer {
                status,
                content_type,
                body,
            } => {
                json!({ "kind": "answer", "status": status, "contentType": content_type, "body": body })
            }
            Self::Redirect { status, to } => {
                json!({ "kind": "redirect", "status": status, "to": to })
            }
            Self::Silence => json!({ "kind": "silence" }),
            Self::HangUp => json!({ "kind": "hang-up" }),
            Self::Giant { bytes } => json!({ "kind": "giant", "bytes": bytes }),
            Self::Endless => json!({ "kind": "endless" }),
            Self::Drip => json!({ "kind": "drip" }),
        }
    }
}
