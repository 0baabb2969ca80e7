//! A stored hash, recognised by how it begins.

use argon2::Algorithm as Variant;

use super::scratch::Scratch;
use super::{argon, blowfish, rounds, smix};
use crate::import::Importer;
use crate::{Algorithm, Bounds, HashError, HashErrorKind, Password, pepper};

/// Longer than any hash of a format known here; what is longer is not looked at.
const MAX_STORED_BYTES: usize = 1024;
/// What a new hash gets, and what a current one must have at least.
pub(super) const SALT_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct Stored<'a> {
    pub(super) pepper: Option<&'a str>,
    form: Form<'a>,
}

#[derive(Debug)]
enum Form<'a> {
    Argon(argon::Stored),
    Bcrypt(blowfish::Stored<'a>),
    Scrypt(smix::Stored),
    Pbkdf2(rounds::Stored),
    Foreign(&'a dyn Importer, &'a str),
}

impl<'a> Stored<'a> {
    pub(super) fn parse(
        text: &'a str,
        bounds: &Bounds,
        importers: &'a [Box<dyn Importer>],
    ) -> Result<Self, HashError> {
        if text.len() > MAX_STORED_BYTES {
            return Err(HashError::malformed());
        }
        let (pepper, rest) = pepper::split(text).ok_or_else(HashError::malformed)?;
        let form = match native(rest, bounds) {
            Some(form) => form?,
            None if pepper.is_none() => foreign(rest, importers)?,
            None => return Err(HashError::malformed()),
        };
        Ok(Self { pepper, form })
    }

    /// `peppered` is what the pepper made of the password, where the hash has one.
    pub(super) fn verify(
        &self,
        scratch: &mut Scratch,
        bounds: &Bounds,
        password: &Password,
        peppered: Option<&str>,
    ) -> Result<bool, HashError> {
        let secret = peppered.unwrap_or(password.expose()).as_bytes();
        match &self.form {
            Form::Argon(stored) => stored.verify(scratch, secret),
            Form::Bcrypt(stored) => stored.verify(secret),
            Form::Scrypt(stored) => stored.verify(secret),
            Form::Pbkdf2(stored) => Ok(stored.verify(secret)),
            Form::Foreign(importer, text) => {
                importer.verify(password.expose_as_received(), text, bounds)
            }
        }
    }

    /// Whether a hash made now would have the same algorithm and parameters.
    pub(super) fn is_current(&self, algorithm: Algorithm) -> bool {
        match (&self.form, algorithm) {
            (
                Form::Argon(stored),
                Algorithm::Argon2id {
                    memory_kib,
                    passes,
                    lanes,
                },
            ) => stored.is_current(
                argon::Cost {
                    memory_kib,
                    passes,
                    lanes,
                },
                SALT_BYTES,
            ),
            (Form::Bcrypt(stored), Algorithm::Bcrypt { cost }) => stored.cost() == cost,
            (
                Form::Scrypt(stored),
                Algorithm::Scrypt {
                    log_n,
                    block_size,
                    parallelism,
                },
            ) => stored.is_current(
                smix::Cost {
                    log_n,
                    block_size,
                    parallelism,
                },
                SALT_BYTES,
            ),
            _ => false,
        }
    }

    /// Bytes that verifying takes.
    pub(super) fn memory_bytes(&self) -> usize {
        match &self.form {
            Form::Argon(stored) => stored.memory_kib as usize * 1024,
            Form::Scrypt(stored) => stored.cost.memory_bytes(),
            Form::Bcrypt(_) | Form::Pbkdf2(_) => 0,
            Form::Foreign(importer, text) => importer.memory_bytes(text),
        }
    }
}

/// `None` when no format of ours begins so.
fn native<'a>(text: &'a str, bounds: &Bounds) -> Option<Result<Form<'a>, HashError>> {
    let (id, body) = text.strip_prefix('$')?.split_once('$')?;
    match id {
        "argon2id" => Some(argon::Stored::parse(Variant::Argon2id, body, bounds).map(Form::Argon)),
        "argon2i" => Some(argon::Stored::parse(Variant::Argon2i, body, bounds).map(Form::Argon)),
        "2a" | "2b" | "2y" => Some(blowfish::Stored::parse(text, bounds).map(Form::Bcrypt)),
        "scrypt" => Some(smix::Stored::parse(body, bounds).map(Form::Scrypt)),
        "pbkdf2-sha256" => Some(rounds::Stored::parse(body, bounds).map(Form::Pbkdf2)),
        _ => None,
    }
}

fn foreign<'a>(text: &'a str, importers: &'a [Box<dyn Importer>]) -> Result<Form<'a>, HashError> {
    importers
        .iter()
        .find(|importer| importer.recognises(text))
        .map(|importer| Form::Foreign(importer.as_ref(), text))
        .ok_or(HashError::new(HashErrorKind::UnknownFormat))
}
