//! Django's default: `pbkdf2_sha256$rounds$salt$base64`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Importer;
use crate::hasher::{decimal, pbkdf2_sha256, same};
use crate::{Bounds, HashError};

const PREFIX: &str = "pbkdf2_sha256$";
const DIGEST_BYTES: usize = 32;

/// Verifies hashes of Django's `PBKDF2PasswordHasher`, as its `auth_user.password` column holds them.
///
/// ```
/// use portcullis_password::{DjangoPbkdf2, Password, PasswordHasher, Verification};
///
/// let hasher = PasswordHasher::builder().importer(DjangoPbkdf2::new()).build()?;
/// let stored = "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=";
/// let verification = hasher.verify(&Password::new("lètmein")?, stored)?;
/// assert_eq!(verification, Verification::Match { needs_rehash: true });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DjangoPbkdf2(());

impl DjangoPbkdf2 {
    /// The importer; it has no settings.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl Importer for DjangoPbkdf2 {
    fn name(&self) -> &'static str {
        "django_pbkdf2_sha256"
    }

    fn recognises(&self, stored: &str) -> bool {
        stored.starts_with(PREFIX)
    }

    fn memory_bytes(&self, _stored: &str) -> usize {
        0
    }

    fn verify(&self, password: &str, stored: &str, bounds: &Bounds) -> Result<bool, HashError> {
        let (rounds, salt, digest) = parse(stored).ok_or_else(HashError::malformed)?;
        if !bounds.allow_pbkdf2(rounds) {
            return Err(HashError::parameters_refused());
        }
        let mut computed = Zeroizing::new([0; DIGEST_BYTES]);
        pbkdf2_sha256(
            password.as_bytes(),
            salt.as_bytes(),
            rounds,
            computed.as_mut(),
        );
        Ok(same(computed.as_ref(), &digest))
    }
}

fn parse(stored: &str) -> Option<(u32, &str, Vec<u8>)> {
    let mut parts = stored.strip_prefix(PREFIX)?.splitn(3, '$');
    let rounds = decimal(parts.next()?).filter(|rounds| *rounds > 0)?;
    let salt = parts.next().filter(|salt| !salt.is_empty())?;
    let digest = STANDARD.decode(parts.next()?).ok()?;
    (digest.len() == DIGEST_BYTES).then_some((rounds, salt, digest))
}
