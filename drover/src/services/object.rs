//! The object service, artifacts, and the store that holds the content of both.

use ::api::Routes;
use actors::{
    artifacts::Artifacts,
    object::{ObjectSettings, Objects},
};
use base::settings::Section;
use futures_util::future::LocalBoxFuture;

use super::roles;
use crate::{
    data_dir,
    service::{Actors, Children, Context, Role, Service, StartError},
};

pub(super) struct Object;

impl Service for Object {
    fn name(&self) -> &'static str {
        roles::OBJECT
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<ObjectSettings>("object"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(roles::OBJECT, "keeps artifacts")];
        ROLES
    }

    fn prepare<'c>(&'c self, context: &'c Context) -> LocalBoxFuture<'c, Result<(), StartError>> {
        Box::pin(async move { if context.runs(roles::OBJECT) { open(context).await } else { Ok(()) } })
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let objects = artifacts(context)?.objects().clone();
        Ok(vec![::api::object::routes(&context.root_url, objects.clone()), ::api::object::content_routes(objects)])
    }

    fn actors(&self) -> &'static [Actors] {
        // Where the content is: the folder belongs to this role, others would look for the files in vain.
        const ACTORS: &[Actors] =
            &[Actors::of_roles(&[roles::OBJECT], |context| Ok(Children::none().actor(artifacts(context)?.sweeper())))];
        ACTORS
    }
}

/// Artifacts, in a process with the role `object`.
pub(super) fn artifacts(context: &Context) -> Result<Artifacts, StartError> {
    context.shared.get().ok_or_else(|| StartError::Failed("artifacts need the role `object`".to_owned()))
}

/// Opens the store: a bucket, or a folder that all processes with this role share.
async fn open(context: &Context) -> Result<(), StartError> {
    let Context { db, clock, rng, .. } = context;
    let folder = context.data_dir().join("objects");
    if let Err(error) = data_dir::folder(&folder, 0o700) {
        tracing::warn!(%error, "the folder of the artifacts may be open to other users of this machine");
    }
    let objects = Objects::start(db.clone(), clock.clone(), rng.branch("objects"), &folder, context.settings()).await;
    let objects = objects.map_err(|error| StartError::failed("the artifact store cannot be used", &error))?;
    context.shared.put(Artifacts::new(db.clone(), clock.clone(), rng.branch("artifacts"), objects));
    Ok(())
}
