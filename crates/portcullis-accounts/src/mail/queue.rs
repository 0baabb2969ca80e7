use portcullis_core::{Denial, Timestamp};
use portcullis_mfa::SealingKeys;
use serde::{Deserialize, Serialize};

use super::Message;
use crate::model::{EmailAddress, QueuedMail, RecordId};
use crate::store::Change;

/// What is sealed: to whom, in which language, and what.
#[derive(Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) to: String,
    pub(crate) language: Option<String>,
    pub(crate) message: Message,
}

/// The change that queues a mail, to be committed with what it tells of. Nobody is waited for.
pub(crate) fn queue(
    sealing: &SealingKeys,
    to: &EmailAddress,
    language: Option<&str>,
    message: Message,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Change, Denial> {
    let id = RecordId::new(now)?;
    let envelope = Envelope {
        to: to.as_str().to_owned(),
        language: language.map(str::to_owned),
        message,
    };
    let text =
        zeroize::Zeroizing::new(serde_json::to_vec(&envelope).map_err(|_| Denial::unavailable())?);
    let sealed = sealing
        .seal(&text, &["outbox", &id.to_string()])
        .map_err(|_| Denial::unavailable())?;
    Ok(Change::Queue(Box::new(QueuedMail {
        id,
        sealed,
        created_at: now,
        due_at: now,
        expires_at,
        attempts: 0,
    })))
}
