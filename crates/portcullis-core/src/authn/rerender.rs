use std::sync::Arc;

use http::header::SET_COOKIE;
use http::request::Parts;
use http::{Request, Response};

use crate::context::Manner;
use crate::render::{Unrendered, refuse};
use crate::{Denial, Head, ResponseBody};

/// Writes down anew, in the application's own shape, what a handler refused with a bare [`Denial`]: the handler could not know
/// the renderer.
pub(super) struct Rerender {
    manner: Arc<Manner>,
    /// The request's head without its extensions, for the renderer to look at.
    head: Parts,
}

impl Rerender {
    /// `None` where the application has no renderer of its own: what the handler wrote is right then.
    pub(super) fn new(manner: &Arc<Manner>, request: Head<'_>) -> Option<Box<Self>> {
        manner.has_own_renderer.then(|| {
            let (mut head, ()) = Request::new(()).into_parts();
            head.method = request.method().clone();
            head.uri = request.uri().clone();
            head.version = request.version();
            head.headers = request.headers().clone();
            Box::new(Self {
                manner: Arc::clone(manner),
                head,
            })
        })
    }

    #[inline(never)]
    pub(super) fn finish<B>(&self, mut response: Response<B>) -> Response<ResponseBody<B>> {
        let unrendered = response.extensions_mut().remove::<Unrendered>();
        let denial = unrendered.and_then(|_| response.extensions_mut().remove::<Denial>());
        let Some(denial) = denial else {
            return ResponseBody::wrap(response);
        };
        let denial = denial.or_challenges(&self.manner.challenges);
        let mut rendered = refuse(&*self.manner.renderer, denial, &self.head);
        // A login that is refused may still have to clear a cookie.
        for cookie in response.headers().get_all(SET_COOKIE) {
            rendered.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        ResponseBody::refuse(rendered)
    }
}
