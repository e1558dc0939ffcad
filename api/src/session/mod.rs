//! Sessions of the page: signing in and out, and what people who are signed in allow others.

mod derived_client;
mod sign_in;
mod third_party;
mod token_form;

use std::sync::Arc;

use actors::{
    derived_clients::DerivedClients,
    sessions::{SessionError, Sessions, SignedIn, StartedSession},
    sign_in::SignIn,
    third_parties::ThirdParties,
};
use base::Clock;
use protocol::{error::ErrorCode, time};
use serde::Deserialize;

use crate::{
    ServerContext,
    auth::{Clients, SessionCookie},
    http::{ApiError, ApiResponse, ApiResult, BodyMode, Call, Object, Routes},
    object::chain,
};

/// What the endpoints work with.
pub struct SessionServices {
    pub sessions: Sessions,
    pub derived: DerivedClients,
    pub third_parties: ThirdParties,
    pub providers: SignIn,
}

struct SessionState {
    sessions: Sessions,
    derived: DerivedClients,
    third_parties: ThirdParties,
    providers: SignIn,
    cookie: SessionCookie,
    clients: Clients,
    clock: Arc<dyn Clock>,
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignInBody {
    client_id: Option<String>,
    access_token: Option<String>,
    link: Option<String>,
}

pub fn routes(server: &ServerContext, services: SessionServices, version: &str) -> Routes {
    let SessionServices { sessions, derived, third_parties, providers } = services;
    let state = SessionState {
        sessions,
        derived,
        third_parties,
        providers,
        cookie: SessionCookie::new(&server.root_url),
        clients: server.clients.clone(),
        clock: Arc::clone(&server.clock),
        version: version.to_owned(),
    };
    Routes::of("drover", state)
        .on("session", session)
        .on("signIn", sign_in)
        .on("endSession", end_session)
        .on("createSignInLink", create_sign_in_link)
        .on("beginSignInByOidc", sign_in::begin)
        .on("finishSignInByOidc", sign_in::finish)
        .on("beginSignInByGithub", sign_in::begin)
        .on("finishSignInByGithub", sign_in::finish)
        .on("createOwnClient", derived_client::create)
        .on("describeThirdParty", third_party::describe)
        .on("decideThirdParty", third_party::decide)
        .on_body(BodyMode::Buffered, "exchangeThirdPartyCode", third_party::exchange)
        .on("thirdPartyCredentials", third_party::credentials)
        .build()
}

/// Who is signed in. A cookie that means nothing any more is removed.
async fn session(state: Arc<SessionState>, call: Call) -> ApiResult {
    let Some(cookie) = state.cookie_of(&call) else { return Ok(state.described(None).into()) };
    match state.sessions.find(cookie).await {
        Ok(signed_in) => Ok(state.described(Some(&signed_in)).into()),
        Err(SessionError::Ended) => {
            let response: ApiResponse = state.described(None).field("ended", &true).into();
            Ok(response.with_header("set-cookie", &state.cookie.clear()))
        }
        Err(error) => Err(error.into()),
    }
}

/// By a link, or by a client id and its access token. The session has an id of its own: nothing that a browser had before
/// becomes worth anything.
async fn sign_in(state: Arc<SessionState>, mut call: Call) -> ApiResult {
    state.check_own_page(&call)?;
    let body: SignInBody = call.body()?;
    let started = match (&body.link, &body.client_id, &body.access_token) {
        (Some(link), None, None) => state.sessions.sign_in_by_link(link).await?,
        (None, Some(client_id), Some(access_token)) => state.sessions.sign_in(client_id, access_token).await?,
        _ => return Err(ApiError::input("Give either `link`, or `clientId` and `accessToken`")),
    };
    let StartedSession { token, client_id, idle } = started;
    let response: ApiResponse = Object::new().field("clientId", &client_id).into();
    Ok(response.with_header("set-cookie", &state.cookie.set(token.reveal(), idle)))
}

/// There is no session afterwards, whether there was one or not.
async fn end_session(state: Arc<SessionState>, call: Call) -> ApiResult {
    state.check_own_page(&call)?;
    if let Some(cookie) = state.cookie_of(&call) {
        state.sessions.end(cookie).await?;
    }
    Ok(ApiResponse::from(Object::new()).with_header("set-cookie", &state.cookie.clear()))
}

/// Only for a server on this machine: a link is a credential that is pasted and shown.
async fn create_sign_in_link(state: Arc<SessionState>, call: Call) -> ApiResult {
    let caller = call.caller()?.client_id.clone().unwrap_or_default();
    call.authorize(|params| params.text("clientId", &caller))?;
    let link = state.sessions.link(&caller).await?;
    Ok(Object::new().field("url", &link.url).field("expires", &time::format(link.expires)).into())
}

impl SessionState {
    fn cookie_of<'c>(&self, call: &'c Call) -> Option<&'c str> {
        let context = call.context();
        self.cookie.of_own_page(&context.method, &context.headers, &context.uri)
    }

    fn check_own_page(&self, call: &Call) -> Result<(), ApiError> {
        let context = call.context();
        if self.cookie.is_own_page(&context.method, &context.headers) {
            return Ok(());
        }
        let message = "Sessions are for the page of this server: the request comes from another origin, or lacks the header `x-drover-ui: 1`";
        Err(ApiError::new(ErrorCode::InsufficientScopes, message))
    }

    /// Who uses the page. Programs sign their requests, and have no business here.
    async fn person(&self, call: &Call) -> Result<SignedIn, ApiError> {
        self.check_own_page(call)?;
        let nobody = || ApiError::new(ErrorCode::AuthenticationFailed, "Nobody is signed in; sign in first");
        Ok(self.sessions.find(self.cookie_of(call).ok_or_else(nobody)?).await?)
    }

    fn described(&self, signed_in: Option<&SignedIn>) -> Object {
        let known = self.clients.now();
        let scopes = signed_in.map_or(known.anonymous(), |it| &it.scopes);
        Object::new()
            .optional("clientId", signed_in.map(|it| &it.identity.client_id))
            .field("scopes", &scopes.as_slice())
            .optional("expires", signed_in.map(|it| time::format(it.expires)).as_ref())
            .field("methods", &["access-token"])
            .list(
                "providers",
                self.providers.ways().map(|way| Object::new().field("title", &way.title).field("path", &way.path)),
            )
            .field("now", &time::format(self.clock.now()))
            .field("version", &self.version)
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
