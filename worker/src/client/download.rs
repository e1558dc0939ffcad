//! Reading artifacts and other files over HTTP.

use bytes::Bytes;
use protocol::id::TaskId;
use reqwest::{Method, Response, Url, header};

use super::{Client, ClientError, RequestName, TIMEOUT, accepted, segment, unreachable};
use crate::egress::OutboundError;

const MAX_REDIRECTS: usize = 10;

impl Client {
    /// The latest artifact of this name, ready to be read. Wherever it is stored, redirects have been followed.
    pub async fn open_artifact(&self, task: TaskId, name: &str) -> Result<Response, ClientError> {
        let path = format!("/api/queue/v1/task/{task}/artifacts/{}", segment(name));
        let name = RequestName::new(&Method::GET, &path);
        let response = self.send(&Method::GET, &path, Bytes::new()).await?;
        self.follow(accepted(response, &name).await?).await
    }

    /// By hand, for only the first request may carry our signature.
    async fn follow(&self, mut response: Response) -> Result<Response, ClientError> {
        for _ in 0..MAX_REDIRECTS {
            let Some(next) = redirect(&response) else { break };
            response = self.get_unsigned(next.as_str()).await?;
        }
        Ok(response)
    }

    async fn get_unsigned(&self, url: &str) -> Result<Response, ClientError> {
        let name = RequestName::new(&Method::GET, url);
        let response = self.unsigned().get(url).send().await.map_err(|source| unreachable(&name, source))?;
        accepted(response, &name).await
    }
}

/// Where a file lies.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    /// The server itself said so. Others, and all redirects, may be of a task.
    pub(crate) is_of_server: bool,
}

/// A file from anywhere, asked for with these headers; nothing of ours is sent along. Whatever the last answer is.
pub(crate) async fn follow_url(
    client: &Client,
    target: &Target,
    headers: &header::HeaderMap,
) -> Result<Response, ClientError> {
    let mut url = Url::parse(&target.url).map_err(|_| ClientError::BadUrl(target.url.clone()))?;
    let mut is_of_server = target.is_of_server;
    for _ in 0..MAX_REDIRECTS {
        let name = RequestName::new(&Method::GET, url.as_str());
        let sent = get(client, url.clone(), is_of_server, headers.clone(), &name);
        let response = tokio::time::timeout(TIMEOUT, sent).await.map_err(|_| silent(&name))??;
        match redirect(&response) {
            Some(next) => (url, is_of_server) = (next, false),
            None => return Ok(response),
        }
    }
    let message = "it leads from one redirect to the next".to_owned();
    Err(ClientError::Interrupted { request: RequestName::new(&Method::GET, url.as_str()), message })
}

/// The server itself may be this machine or a neighbour; that it answers anybody is no secret.
async fn get(
    client: &Client,
    url: Url,
    is_of_server: bool,
    headers: header::HeaderMap,
    name: &RequestName,
) -> Result<Response, ClientError> {
    let is_server = || Url::parse(client.root_url()).is_ok_and(|root| root.origin() == url.origin());
    match &client.outbound {
        Some(outbound) if !is_of_server && !is_server() => {
            outbound.get(url, headers).await.map_err(|error| match error {
                OutboundError::Http(source) => unreachable(name, source),
                OutboundError::Refused(host) => {
                    ClientError::Forbidden { request: name.clone(), rule: host.to_string() }
                }
            })
        }
        _ => client.unsigned().get(url).headers(headers).send().await.map_err(|source| unreachable(name, source)),
    }
}

fn silent(request: &RequestName) -> ClientError {
    ClientError::Interrupted { request: request.clone(), message: "there was no answer within 30 s".to_owned() }
}

/// The next piece of an answer's body; `None` at its end.
pub async fn next_piece(response: &mut Response) -> Result<Option<Bytes>, ClientError> {
    let name = RequestName::new(&Method::GET, response.url().path());
    response.chunk().await.map_err(|source| unreachable(&name, source))
}

fn redirect(response: &Response) -> Option<Url> {
    let location = response.headers().get(header::LOCATION).filter(|_| response.status().is_redirection())?;
    response.url().join(location.to_str().ok()?).ok()
}
