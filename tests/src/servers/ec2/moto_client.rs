//! Calls of moto, signed by nobody: it reads only whom a request is for.

use reqwest::StatusCode;

#[derive(Debug, Clone)]
pub(super) struct MotoClient {
    http: reqwest::Client,
    url: String,
    pub(super) region: String,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

impl MotoClient {
    pub(super) fn new(url: &str, region: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.to_owned(), region: region.to_owned() }
    }

    pub(super) fn in_region(&self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self.clone() }
    }

    /// A call of EC2 that must succeed.
    pub(super) async fn ec2(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let fields = fields.iter().map(|(name, value)| format!("&{name}={value}"));
        let answer = self
            .form("ec2", format!("Action={action}&Version=2016-11-15{}", fields.collect::<Vec<_>>().concat()))
            .await;
        assert!(answer.status.is_success(), "{}", answer.body);
        answer.body
    }

    pub(super) async fn form(&self, service: &str, body: String) -> Answer {
        self.post(service, &[("content-type", "application/x-www-form-urlencoded")], body).await
    }

    pub(super) async fn post(&self, service: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=id/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.region
        );
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend(headers);
        self.send(&all, body).await
    }

    pub(super) async fn send(&self, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = self.http.post(&self.url).body(body);
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Answer { status: response.status(), body: response.text().await.unwrap() }
    }
}
