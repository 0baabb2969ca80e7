//! PBKDF2 with HMAC-SHA-256 (RFC 8018), verified only: `$pbkdf2-sha256$i=600000$salt$hash`, and passlib's
//! `$pbkdf2-sha256$29000$salt$hash` with its own base64.

use sha2::Sha256;
use zeroize::Zeroizing;

use super::compare::same;
use super::phc::{self, Phc};
use crate::{Bounds, HashError};

#[derive(Debug)]
pub(super) struct Stored {
    rounds: u32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Stored {
    pub(super) fn parse(body: &str, bounds: &Bounds) -> Result<Self, HashError> {
        let stored = parse(body).ok_or_else(HashError::malformed)?;
        if !bounds.allow_pbkdf2(stored.rounds) {
            return Err(HashError::parameters_refused());
        }
        Ok(stored)
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        derive(password, &self.salt, self.rounds, &mut output);
        same(&output, &self.output)
    }
}

/// PBKDF2-HMAC-SHA-256.
pub(crate) fn derive(password: &[u8], salt: &[u8], rounds: u32, output: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, output);
}

fn parse(body: &str) -> Option<Stored> {
    let (parameters, _) = body.split_once('$')?;
    // passlib writes `.` where everyone else writes `+`.
    let passlib = phc::decimal(parameters);
    let text = if passlib.is_some() {
        body.replace('.', "+")
    } else {
        body.to_owned()
    };
    let phc = Phc::parse(&text, 1).filter(|phc| phc.version.is_none())?;
    let rounds = match passlib {
        Some(rounds) => rounds,
        None => rounds(phc.parameters, phc.output.len())?,
    };
    (rounds > 0).then_some(Stored {
        rounds,
        salt: phc.salt,
        output: phc.output,
    })
}

/// `i` is required; `l`, where it is there, must be the output's length.
fn rounds(parameters: &str, length: usize) -> Option<u32> {
    let [rounds, stated] = phc::fields(parameters, ["i", "l"])?;
    let fits = stated.is_none_or(|stated| stated as usize == length);
    rounds.filter(|_| fits)
}
