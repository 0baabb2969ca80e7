use http::request::Parts;
use http::{Extensions, HeaderName};
use portcullis_core::{AuthUser, ClientAddress, Denial, Head};

use crate::LimitKey;

/// Says by what a [`Rule`](crate::Rule) counts requests.
///
/// There are [`by_address`] (or a [`ClientAddress`] itself), [`by_user`], [`by_credential`], [`by_header`], [`by_path`] and
/// [`key_fn`] for closures; tuples of two, three or four combine: one key for each combination.
///
/// ```
/// use portcullis_limit::{MemoryLimiter, Quota, RateLimitLayer, by_path};
/// use portcullis_core::{TrustedProxies, client_address};
///
/// let each_address_on_each_path = RateLimitLayer::new(MemoryLimiter::new(), Quota::per_minute(60))
///     .by((client_address(TrustedProxies::none()), by_path()));
/// ```
pub trait KeySource: Send + Sync + 'static {
    /// Adds to the key what the request is counted by. What cannot be found must count as one key, never as none.
    ///
    /// # Errors
    ///
    /// A denial, where the request cannot be counted because the application is wired wrongly.
    fn add_to(&self, key: &mut LimitKey, request: &Parts) -> Result<(), Denial>;

    /// As [`add_to`](Self::add_to), by a head that stands where it is, which spares the request being taken apart; `None`
    /// where that does not suffice, as it is unless a source says otherwise. What was added by then does not count.
    fn add_by_head(&self, key: &mut LimitKey, head: Head<'_>) -> Option<Result<(), Denial>> {
        let _ = (key, head);
        None
    }
}

/// The first bits of an IPv6 address that count as one client: what one customer gets.
pub(crate) const IPV6_PREFIX: u8 = 64;

/// Counts by the client's address; IPv6 by its first 64 bits. Unresolvable clients count as one.
#[must_use]
pub fn by_address(address: ClientAddress) -> AddressKey {
    AddressKey {
        address,
        ipv6_prefix: IPV6_PREFIX,
    }
}

/// The [`KeySource`] that [`by_address`] makes.
#[derive(Debug, Clone)]
pub struct AddressKey {
    address: ClientAddress,
    ipv6_prefix: u8,
}

impl AddressKey {
    /// Says how many bits of an IPv6 address count as one client: 0–128, 64 unless said.
    #[must_use]
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits;
        self
    }
}

/// A source that needs no more than a head.
trait ByHead: Send + Sync + 'static {
    fn add(&self, key: &mut LimitKey, head: Head<'_>) -> Result<(), Denial>;
}

macro_rules! is_by_head {
    ($source:ty) => {
        impl KeySource for $source {
            fn add_to(&self, key: &mut LimitKey, request: &Parts) -> Result<(), Denial> {
                self.add(key, request.into())
            }

            fn add_by_head(
                &self,
                key: &mut LimitKey,
                head: Head<'_>,
            ) -> Option<Result<(), Denial>> {
                Some(self.add(key, head))
            }
        }
    };
}

is_by_head!(AddressKey);
is_by_head!(ClientAddress);
is_by_head!(ByHeader);
is_by_head!(ByPath);

impl ByHead for AddressKey {
    fn add(&self, key: &mut LimitKey, head: Head<'_>) -> Result<(), Denial> {
        key.push_client(self.address.resolve(head).network(self.ipv6_prefix));
        Ok(())
    }
}

impl ByHead for ClientAddress {
    fn add(&self, key: &mut LimitKey, head: Head<'_>) -> Result<(), Denial> {
        key.push_client(self.resolve(head).network(IPV6_PREFIX));
        Ok(())
    }
}

/// Counts by the authenticated user; nobody counts by what is given as the other source, such as the address.
///
/// An [`AuthnLayer`](portcullis_core::AuthnLayer) must stand outside: without one, requests are refused with 500, and the mend
/// is logged.
#[must_use]
pub fn by_user(nobody: impl KeySource) -> impl KeySource {
    ByUser {
        nobody,
        describe: |user, key| {
            key.push(user.collection());
            key.push(user.id());
        },
    }
}

/// Counts by the credential: the key, token or session that the user came with; by the user where it has no id. Nobody counts by
/// what is given as the other source, as with [`by_user`].
#[must_use]
pub fn by_credential(nobody: impl KeySource) -> impl KeySource {
    ByUser {
        nobody,
        describe: |user, key| {
            key.push(user.scheme().as_str());
            match user.credential_id() {
                Some(id) => key.push(id),
                None => {
                    key.push(user.collection());
                    key.push(user.id());
                }
            }
        },
    }
}

struct ByUser<K> {
    nobody: K,
    describe: fn(&AuthUser, &mut LimitKey),
}

impl<K> ByUser<K> {
    /// Whether there is a user, who is then added.
    fn add_user(&self, key: &mut LimitKey, extensions: &Extensions) -> Result<bool, Denial> {
        match AuthUser::of(extensions)? {
            Some(user) => {
                key.push("user");
                (self.describe)(user, key);
                Ok(true)
            }
            None => {
                key.push("nobody");
                Ok(false)
            }
        }
    }
}

impl<K: KeySource> KeySource for ByUser<K> {
    fn add_to(&self, key: &mut LimitKey, request: &Parts) -> Result<(), Denial> {
        match self.add_user(key, &request.extensions)? {
            true => Ok(()),
            false => self.nobody.add_to(key, request),
        }
    }

    fn add_by_head(&self, key: &mut LimitKey, head: Head<'_>) -> Option<Result<(), Denial>> {
        match self.add_user(key, head.extensions()) {
            Ok(true) => Some(Ok(())),
            Ok(false) => self.nobody.add_by_head(key, head),
            Err(denial) => Some(Err(denial)),
        }
    }
}

/// Counts by the values of a header. Clients choose what they send, so this is for headers that a trusted proxy writes; requests
/// without it count as one.
#[must_use]
pub fn by_header(name: HeaderName) -> impl KeySource {
    ByHeader(name)
}

struct ByHeader(HeaderName);

impl ByHead for ByHeader {
    fn add(&self, key: &mut LimitKey, head: Head<'_>) -> Result<(), Denial> {
        let values = head.headers().get_all(&self.0);
        key.push((values.iter().count() as u64).to_le_bytes());
        values.iter().for_each(|value| key.push(value));
        Ok(())
    }
}

/// Counts by the path, as the client wrote it. A client that may write a path in many ways, or choose among many, has as many
/// keys: combine it with the address *and* put the layer on the routes that it is meant for.
#[must_use]
pub fn by_path() -> impl KeySource {
    ByPath
}

struct ByPath;

impl ByHead for ByPath {
    fn add(&self, key: &mut LimitKey, head: Head<'_>) -> Result<(), Denial> {
        key.push(head.uri().path());
        Ok(())
    }
}

/// Counts by what a closure finds; all requests in which it finds nothing count as one.
///
/// ```
/// use portcullis_limit::key_fn;
///
/// let by_tenant = key_fn(|request| request.uri.path().split('/').nth(1).map(str::to_owned));
/// ```
#[must_use]
pub fn key_fn<F>(function: F) -> impl KeySource
where
    F: Fn(&Parts) -> Option<String> + Send + Sync + 'static,
{
    KeyFn(function)
}

struct KeyFn<F>(F);

impl<F> KeySource for KeyFn<F>
where
    F: Fn(&Parts) -> Option<String> + Send + Sync + 'static,
{
    fn add_to(&self, key: &mut LimitKey, request: &Parts) -> Result<(), Denial> {
        let found = (self.0)(request);
        key.push([u8::from(found.is_some())]);
        key.push(found.unwrap_or_default());
        Ok(())
    }
}

macro_rules! combine {
    ($($source:ident $at:tt),+) => {
        impl<$($source: KeySource),+> KeySource for ($($source,)+) {
            fn add_to(&self, key: &mut LimitKey, request: &Parts) -> Result<(), Denial> {
                $(self.$at.add_to(key, request)?;)+
                Ok(())
            }

            fn add_by_head(&self, key: &mut LimitKey, head: Head<'_>) -> Option<Result<(), Denial>> {
                $(if let Err(denial) = self.$at.add_by_head(key, head)? {
                    return Some(Err(denial));
                })+
                Some(Ok(()))
            }
        }
    };
}

combine!(A 0, B 1);
combine!(A 0, B 1, C 2);
combine!(A 0, B 1, C 2, D 3);
