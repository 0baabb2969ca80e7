use std::fmt;
use std::future::Future;
use std::sync::Arc;

use portcullis_core::{BoxFuture, Identified};

use crate::{ApiKey, KeyLookup};

/// Who knows the keys.
#[derive(Clone)]
pub(super) enum Source {
    Lookup(Arc<dyn KeyLookup>),
    Function(Validate),
}

type Validate = Arc<dyn Fn(ApiKey) -> BoxFuture<'static, Identified> + Send + Sync>;

impl Source {
    pub(super) fn function<F, Fut>(function: F) -> Self
    where
        F: Fn(ApiKey) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Identified> + Send + 'static,
    {
        Self::Function(Arc::new(move |key| Box::pin(function(key))))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(lookup) => lookup.fmt(f),
            Self::Function(_) => f.write_str("Function"),
        }
    }
}
