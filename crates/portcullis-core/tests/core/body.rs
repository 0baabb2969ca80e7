//! The body that every layer answers with.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full};
use portcullis_core::ResponseBody;

#[tokio::test]
async fn a_refusals_body() {
    let body = ResponseBody::<Full<Bytes>>::denied(Bytes::from_static(b"no"));
    assert_eq!(body.size_hint().exact(), Some(2));
    assert!(!body.is_end_stream());
    let mut body = Box::pin(body);
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "no");
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.frame().await.is_none());
    assert!(body.frame().await.is_none(), "and again");
}

#[tokio::test]
async fn a_refusal_without_text_ends_before_it_begins() {
    let body = ResponseBody::<Full<Bytes>>::denied(Bytes::new());
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn an_inner_body_passes_through() {
    let body = ResponseBody::inner(Full::<Bytes>::from("hello"));
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(!body.is_end_stream());
    assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    assert!(ResponseBody::inner(Empty::<Bytes>::new()).is_end_stream());
}

/// Two pieces of data, trailers, and an error type of its own.
#[derive(Debug)]
struct Own(u8);

#[derive(Debug, PartialEq)]
struct OwnError;

/// Data of its own type, made from bytes.
#[derive(Debug)]
struct OwnData(Bytes);

impl From<Bytes> for OwnData {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl bytes::Buf for OwnData {
    fn remaining(&self) -> usize {
        self.0.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.0.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.0.advance(count);
    }
}

impl Body for Own {
    type Data = OwnData;
    type Error = OwnError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<OwnData>, OwnError>>> {
        self.0 += 1;
        Poll::Ready(match self.0 {
            1 => Some(Ok(Frame::data(OwnData(Bytes::from_static(b"one"))))),
            2 => Some(Ok(Frame::trailers(http::HeaderMap::new()))),
            3 => Some(Err(OwnError)),
            _ => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(3);
        hint.set_upper(9);
        hint
    }
}

#[tokio::test]
async fn a_body_of_ones_own_keeps_its_frames_its_trailers_and_its_errors() {
    let mut body = ResponseBody::inner(Own(0));
    assert_eq!(
        (body.size_hint().lower(), body.size_hint().upper()),
        (3, Some(9))
    );
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap().0,
        "one"
    );
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert_eq!(body.frame().await.unwrap().unwrap_err(), OwnError);
    assert!(body.frame().await.is_none());
    let refused = ResponseBody::<Own>::denied(Bytes::from_static(b"no"));
    assert_eq!(refused.collect().await.unwrap().to_bytes(), "no");
}

#[test]
fn it_has_a_default_where_the_inner_body_has() {
    let body = ResponseBody::<Full<Bytes>>::default();
    assert_eq!(body.size_hint().exact(), Some(0));
}

#[test]
fn wrapping_keeps_status_headers_and_extensions() {
    let mut response = Response::builder()
        .status(418)
        .header("x-a", "b")
        .body(Full::<Bytes>::from("tea"))
        .unwrap();
    response.extensions_mut().insert(7_u8);
    let wrapped = ResponseBody::wrap(response);
    assert_eq!(
        (
            wrapped.status().as_u16(),
            wrapped.headers()["x-a"].as_bytes()
        ),
        (418, &b"b"[..])
    );
    assert_eq!(wrapped.extensions().get(), Some(&7_u8));
}

#[test]
fn it_moves_between_threads_where_the_inner_body_does() {
    fn moves<T: Send + Sync + Unpin + 'static>() {}
    moves::<ResponseBody<Full<Bytes>>>();
}
