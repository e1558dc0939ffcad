//! GitHub: deliveries of the web hook become tasks, and GitHub is shown what becomes of these.

use std::sync::Arc;

use ::api::Routes;
use actors::{
    github::{Github as Handle, GithubContext, GithubSettings, GithubWakeups, TaskListener},
    kit::Child,
    queue::QueueSettings,
    relay::RelaySettings,
};
use base::settings::Section;
use integrations::github::{App, CronDates, CronRepositories, JobRunner, MissedDeliveries, ReportSender};

use super::{auth, hooks, late_notifier::LateNotifier, queue, roles};
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Github;

const ROLE: &str = roles::GITHUB;

impl Service for Github {
    fn name(&self) -> &'static str {
        ROLE
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<GithubSettings>("github"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(ROLE, "makes tasks for deliveries of GitHub, and shows it their states")];
        ROLES
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::github::routes(here(context)?.github)])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[ROLE], |context| {
            let here = here(context)?;
            let children = listener(context, &here.github).actor(here.github.canceller());
            Ok(children.actors(of_the_app(context, &here)?))
        })];
        ACTORS
    }
}

/// The service in this process, and how its actors are woken once there are any.
#[derive(Clone)]
struct Here {
    github: Handle,
    jobs: LateNotifier,
    reports: LateNotifier,
}

fn here(context: &Context) -> Result<Here, StartError> {
    let limits = context.settings::<QueueSettings>().task_limits().map_err(StartError::Setting)?;
    let hooks = hooks::handle(context)?;
    context.settings::<GithubSettings>().check().map_err(StartError::Setting)?;
    Ok(context.shared(|context| {
        let (jobs, reports) = (LateNotifier::default(), LateNotifier::default());
        let github = Handle::new(GithubContext {
            db: context.db.clone(),
            clock: context.clock.clone(),
            rng: context.rng.branch("github"),
            clients: auth::handle(context).clients().clone(),
            auth: Some(auth::handle(context)),
            hooks,
            limits,
            notifications: queue::notifiers(context),
            wakeups: GithubWakeups { deliveries: jobs.notifier(), reports: reports.notifier() },
            settings: context.settings::<GithubSettings>().clone(),
            root_url: context.root_url.clone(),
        });
        Here { github, jobs, reports }
    }))
}

/// What listens to events; nothing where they stay inside of another process.
fn listener(context: &Context, github: &Handle) -> Children {
    if !context.has_broker() && !context.runs(roles::RELAY) {
        return Children::none();
    }
    let listener = TaskListener {
        github: github.clone(),
        bus: context.bus.clone(),
        rng: context.rng.branch("github-tasks"),
        events: context.settings::<RelaySettings>().internal_exchange.clone(),
    };
    Children::none().subscriber(listener.consumer())
}

/// What calls GitHub; nothing without an app.
fn of_the_app(context: &Context, here: &Here) -> Result<Vec<Child>, StartError> {
    let settings = context.settings::<GithubSettings>();
    if settings.app_id == 0 {
        return Ok(Vec::new());
    }
    let app = Arc::new(App::new(settings, context.clock.clone()).map_err(StartError::Setting)?);
    let (db, clock, interval) = (context.db.clone(), context.clock.clone(), settings.interval.duration());
    let runner = JobRunner {
        github: here.github.clone(),
        app: app.clone(),
        db: db.clone(),
        clock: clock.clone(),
        rng: context.rng.branch("github-jobs"),
        interval,
    };
    let sender = ReportSender {
        app: app.clone(),
        db: db.clone(),
        clock: clock.clone(),
        rng: context.rng.branch("github-reports"),
        interval,
    };
    let cron = settings.cron.then(|| {
        let (github, app, db, clock) = (here.github.clone(), app.clone(), db.clone(), clock.clone());
        let listing = CronRepositories {
            github: github.clone(),
            app: app.clone(),
            rng: context.rng.branch("github-cron-repositories"),
        };
        [CronDates { github, app, db, clock, rng: context.rng.branch("github-cron") }.child(), listing.child()]
    });
    let missed = MissedDeliveries { app, db, clock, rng: context.rng.branch("github-missed") };
    let ((jobs, jobs_notifier), (reports, reports_notifier)) = (runner.child(), sender.child());
    here.jobs.set(jobs_notifier);
    here.reports.set(reports_notifier);
    Ok([jobs, reports, missed.child()].into_iter().chain(cron.into_iter().flatten()).collect())
}
