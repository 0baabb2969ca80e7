use std::fmt;

use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, Response};
use portcullis_core::{AuthContext, DefaultRenderer, Denial, Renderer};

/// How a layer outside the service writes refusals, kept where the service's own layer does not write over it.
#[derive(Clone)]
struct Outside(AuthContext);

/// Keeps how the layer outside refuses, if there is one.
pub(super) fn keep(extensions: &mut Extensions) {
    if let Some(context) = extensions.get::<AuthContext>() {
        let outside = Outside(context.clone());
        extensions.insert(outside);
    }
}

/// Refuses as the layer outside does; where there is none, as everywhere.
#[derive(Clone, Copy)]
pub(super) struct AsOutside;

impl Renderer for AsOutside {
    fn render(&self, denial: &Denial, request: &Parts) -> Response<Bytes> {
        match request.extensions.get::<Outside>() {
            Some(Outside(context)) => context.renderer().render(denial, request),
            None => DefaultRenderer.render(denial, request),
        }
    }
}

impl fmt::Debug for AsOutside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsOutside")
    }
}
