//! What the tests of accounts on real databases share.

mod factors;
mod people;
mod place;
mod provider;
mod world;

pub(crate) use self::factors::{Factored, by_recovery, by_totp};
pub(crate) use self::people::{
    code, cookie_of, enter_by, key_of, log_in, register, token_in, tokens, try_log_in,
};
pub(crate) use self::place::{Directory, Place};
pub(crate) use self::provider::{ADA, Comer, Provided, code_in, exchange};
pub(crate) use self::world::{
    Node, World, at, at_once, boundless, builder, cheap_pool, patient_store, scattered,
};

pub(crate) const SECRET: &str = "Vq3xT7mK9pWc2ZrL5nHd8YbG4fJs6AeU";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const OTHER_PASSWORD: &str = "incorrect donkey capacitor";
