//! Someone signs up and logs in, without HTTP: policy, breach check, hash, verify, rehash.
//!
//! `cargo run -p portcullis-password --example sign_up`

use std::error::Error;

use portcullis_password::{
    BreachedList, BreachedPasswords, DjangoPbkdf2, HashPool, Password, PasswordHasher,
    PasswordPolicy, PolicyContext,
};

const EMAIL: &str = "ada@example.com";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let hasher = PasswordHasher::builder()
        .importer(DjangoPbkdf2::new())
        .build()?;
    let pool = HashPool::new(hasher)?;
    let policy = PasswordPolicy::default().context_word("Portcullis");
    let breached = BreachedList::of_passwords(["tr0ub4dor&3"]);

    for attempt in [
        "portcullis1",
        "tr0ub4dor&3",
        "12345678",
        "correct horse battery staple",
    ] {
        match sign_up(&pool, &policy, &breached, attempt).await {
            Ok(stored) => println!("{attempt:?} is taken: {}…", &stored[..31]),
            Err(refusal) => println!("{attempt:?} is refused: {refusal}"),
        }
    }

    let old = "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=";
    let new = log_in(&pool, "lètmein", Some(old)).await?;
    println!("a hash from Django was replaced: {}", new.is_some());
    log_in(&pool, "guess", None).await?;
    println!("{:?}", pool.stats());
    Ok(())
}

/// Gives the hash to store.
async fn sign_up(
    pool: &HashPool,
    policy: &PasswordPolicy,
    breached: &dyn BreachedPasswords,
    typed: &str,
) -> Result<String, Box<dyn Error>> {
    let password = Password::new(typed)?;
    let context = PolicyContext::new()
        .identifier(EMAIL)
        .breach(breached.check(&password).await);
    policy.check(&password, &context)?;
    Ok(pool.hash(password).await?.into_string())
}

/// Gives a new hash, if the stored one should be replaced. Without an account the work is the same.
async fn log_in(
    pool: &HashPool,
    typed: &str,
    stored: Option<&str>,
) -> Result<Option<String>, Box<dyn Error>> {
    let password = Password::new(typed)?;
    let Some(stored) = stored else {
        pool.verify_dummy(password).await?;
        return Ok(None);
    };
    if !pool.verify(password.clone(), stored).await?.needs_rehash() {
        return Ok(None);
    }
    Ok(Some(pool.hash(password).await?.into_string()))
}
