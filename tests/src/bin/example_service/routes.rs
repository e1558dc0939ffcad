//! The endpoints.

use std::sync::Arc;

use api::{ApiError, ApiResult, Call, Object, Routes};

use crate::greeter::{GreetError, Greeter};

pub(crate) fn routes(greeter: Greeter) -> Routes {
    Routes::of("example", greeter).on("greet", greet).on("greetings", greetings).build()
}

async fn greet(greeter: Arc<Greeter>, call: Call) -> ApiResult {
    let name = call.param("name");
    let greeting = greeter.greet(name).await.map_err(|error| match error {
        GreetError::Key(error) => ApiError::input(error.to_string()),
        GreetError::Db(error) => ApiError::internal(error.to_string()),
    })?;
    Ok(Object::new().field("name", &name).field("greeting", &greeting).into())
}

async fn greetings(greeter: Arc<Greeter>, _: Call) -> ApiResult {
    Ok(Object::new().field("counted", &greeter.counted()).into())
}
