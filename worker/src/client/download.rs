//! Reading artifacts and other files over HTTP.

use bytes::Bytes;
use protocol::id::TaskId;
use reqwest::{Method, Response, Url, header};

use super::{Client, ClientError, RequestName, TIMEOUT, accepted, segment, unreachable};

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

/// A file from anywhere, asked for with these headers; nothing of ours is sent along. Whatever the last answer is.
pub(crate) async fn follow_url(
    client: &Client,
    url: &str,
    headers: &header::HeaderMap,
) -> Result<Response, ClientError> {
    let mut url = Url::parse(url).map_err(|_| ClientError::BadUrl(url.to_owned()))?;
    for _ in 0..MAX_REDIRECTS {
        let name = RequestName::new(&Method::GET, url.as_str());
        let sent = client.unsigned().get(url.clone()).headers(headers.clone()).send();
        let response = tokio::time::timeout(TIMEOUT, sent).await.map_err(|_| silent(&name))?;
        let response = response.map_err(|source| unreachable(&name, source))?;
        match redirect(&response) {
            Some(next) => url = next,
            None => return Ok(response),
        }
    }
    let message = "it leads from one redirect to the next".to_owned();
    Err(ClientError::Interrupted { request: RequestName::new(&Method::GET, url.as_str()), message })
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
