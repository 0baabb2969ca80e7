/// Whether somebody whom a provider vouches for comes into an account that is there already, has the same address, and does not
/// know the provider (AC-A6).
///
/// It is about accounts whose address was proved. An account whose address was not may be anybody's, and goes to the owner
/// of the mailbox under either policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Linking {
    /// Not by itself: 409 `account_exists`. Who owns both logs in as before, and links the provider then.
    #[default]
    Never,
    /// If both sides have verified the address: the account is linked, and its owner told by mail. Whoever has the mailbox *at the
    /// provider* then has the account; offer only providers that verify addresses as carefully as this service does.
    AutoVerified,
}
