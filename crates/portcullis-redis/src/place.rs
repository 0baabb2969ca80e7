//! Where Redis is, as a URL says it.

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::ConnectError;

/// One server, some nodes of a cluster, or the Sentinels that know the master.
#[derive(Clone)]
pub(crate) enum Place {
    One(Box<ConnectionInfo>),
    #[cfg(feature = "cluster")]
    Cluster(Vec<ConnectionInfo>),
    #[cfg(feature = "sentinel")]
    Sentinel(SentinelPlace),
}

#[cfg(feature = "sentinel")]
#[derive(Clone)]
pub(crate) struct SentinelPlace {
    /// Each with the credentials, the database and the TLS that are for the master.
    pub(crate) sentinels: Vec<ConnectionInfo>,
    pub(crate) master: String,
}

impl Place {
    /// `redis://`, `rediss://` and `unix://` for one server, `redis+cluster://` and `redis+sentinel://` (or with `rediss`) with several
    /// hosts, parted by commas.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        match url.split_once("://") {
            Some((scheme, rest)) => match scheme.split_once('+') {
                Some((scheme @ ("redis" | "rediss"), "cluster")) => cluster(scheme, rest),
                Some((scheme @ ("redis" | "rediss"), "sentinel")) => sentinel(scheme, rest),
                Some(("redis", "unix")) => one(&format!("unix://{rest}")),
                Some(_) => Err(unknown()),
                None => one(url),
            },
            None => Err(unknown()),
        }
    }

    pub(crate) fn is_cluster(&self) -> bool {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => true,
            _ => false,
        }
    }
}

fn unknown() -> ConnectError {
    ConnectError::invalid(
        "the URL must begin with redis://, rediss://, unix://, redis+cluster:// or redis+sentinel://",
    )
}

fn one(url: &str) -> Result<Place, ConnectError> {
    connection(url).map(|info| Place::One(Box::new(info)))
}

fn connection(url: &str) -> Result<ConnectionInfo, ConnectError> {
    if url.starts_with("rediss") && cfg!(not(feature = "tls")) {
        let message = "portcullis-redis was compiled without its feature `tls`";
        return Err(ConnectError::invalid(message));
    }
    let info = url
        .into_connection_info()
        .map_err(|error| ConnectError::invalid(format!("the URL cannot be read: {error}")))?;
    // Only this protocol tells at once that a connection is lost.
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

/// The same URL for each of the hosts: `user:password@one:1,two:2/0`.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn each_host(scheme: &str, rest: &str, path: &str) -> Result<Vec<ConnectionInfo>, ConnectError> {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    hosts
        .split(',')
        .map(|host| connection(&format!("{scheme}://{user}{host}{path}")))
        .collect()
}

#[cfg(feature = "cluster")]
fn cluster(scheme: &str, rest: &str) -> Result<Place, ConnectError> {
    each_host(scheme, rest, "").map(Place::Cluster)
}

#[cfg(not(feature = "cluster"))]
fn cluster(_scheme: &str, _rest: &str) -> Result<Place, ConnectError> {
    let message = "portcullis-redis was compiled without its feature `cluster`";
    Err(ConnectError::invalid(message))
}

#[cfg(feature = "sentinel")]
fn sentinel(scheme: &str, rest: &str) -> Result<Place, ConnectError> {
    let (_, path) = rest.split_once('/').unwrap_or_default();
    let mut path = path.split('?').next().unwrap_or_default().split('/');
    let master = path.next().filter(|name| !name.is_empty());
    let master = master.ok_or_else(|| {
        ConnectError::invalid("the URL names no master: redis+sentinel://host,host/master")
    })?;
    let database = path.next().unwrap_or("0");
    let sentinels = each_host(scheme, rest, &format!("/{database}"))?;
    Ok(Place::Sentinel(SentinelPlace {
        sentinels,
        master: master.to_owned(),
    }))
}

#[cfg(not(feature = "sentinel"))]
fn sentinel(_scheme: &str, _rest: &str) -> Result<Place, ConnectError> {
    let message = "portcullis-redis was compiled without its feature `sentinel`";
    Err(ConnectError::invalid(message))
}
