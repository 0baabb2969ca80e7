//! As much of an HTTP client as the tests' side of a provider needs: plain HTTP, to the loopback interface.

use std::io;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Sends a request over a connection of its own, and waits for all of the answer.
pub(super) async fn send(mut request: Request<Full<Bytes>>) -> io::Result<Response<Bytes>> {
    let authority = authority(request.uri())?;
    let stream = TcpStream::connect(&authority).await?;
    let host = authority.parse().map_err(io::Error::other)?;
    request.headers_mut().insert(http::header::HOST, host);
    *request.uri_mut() = in_origin_form(request.uri())?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await;
    let (head, body) = response.map_err(io::Error::other)?.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(head, body))
}

fn authority(uri: &Uri) -> io::Result<String> {
    let is_plain = uri.scheme_str() == Some("http");
    let authority = uri.authority().filter(|_| is_plain);
    let authority = authority.ok_or_else(|| io::Error::other(format!("not for http: {uri}")))?;
    let port = authority.port_u16().unwrap_or(80);
    Ok(format!("{}:{port}", authority.host()))
}

fn in_origin_form(uri: &Uri) -> io::Result<Uri> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    path.parse().map_err(io::Error::other)
}

/// The pairs of a query or a form, decoded.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// A query or a form of these pairs.
pub(super) fn encoded<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
