//! All that is logged in this process, from the finest level on.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use portcullis_oauth::OauthError;
use tracing_subscriber::fmt::MakeWriter;

use crate::parties;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

/// Begins to listen, once for the whole process.
pub(crate) fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        let subscriber = subscriber.with_ansi(false).with_writer(|| Writer).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// How much was logged so far.
pub(crate) fn length() -> usize {
    LOG.lock().unwrap_or_else(PoisonError::into_inner).len()
}

fn text_since(length: usize) -> String {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log[length..]).into_owned()
}

/// Nothing of this was logged since so much was there, by which it was not known yet; but something was.
pub(crate) fn shows_none_of(secrets: &[String], since: usize) {
    let log = text_since(since);
    assert!(log.contains("a login at a provider "), "nothing is logged");
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let is_shown = log.contains(secret) || log.contains(&encoded);
        assert!(!is_shown, "a secret was logged: {secret}");
    }
}

/// An error can be shown to anybody. In `Debug` it says with which machine there was no connection, and no more than that.
pub(crate) fn hides_what_it_should(error: &OauthError) {
    let text = error.to_string();
    for told in ["127.0.0.1", "http", "://"] {
        assert!(!text.contains(told), "{told} is told by: {text}");
    }
    let text = format!("{text} {error:?}");
    for told in ["://", "johndoe", "<script", parties::ID, parties::SECRET] {
        assert!(!text.contains(told), "{told} is told by: {text}");
    }
}
