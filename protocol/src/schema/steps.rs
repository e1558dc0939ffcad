//! How much work a schema is for a value, before it is done: a schema that refers to itself in two alternatives takes twice as long
//! for each level of the value.

use serde_json::Value;

/// More applications of a schema to a part of the value are refused.
const MAX_STEPS: usize = 1_000_000;
/// More of them inside each other are refused.
const MAX_DEPTH: usize = 500;

/// Checking the value would take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManySteps;

pub(super) struct Steps<'s> {
    root: &'s Value,
    left: usize,
    depth: usize,
}

type Counted = Result<(), TooManySteps>;

impl<'s> Steps<'s> {
    /// As many as a validator takes that tries every alternative.
    pub(super) fn count(schema: &'s Value, value: &Value) -> Counted {
        Self { root: schema, left: MAX_STEPS, depth: 0 }.take(schema, value)
    }

    fn take(&mut self, schema: &'s Value, value: &Value) -> Counted {
        self.left = self.left.checked_sub(1).ok_or(TooManySteps)?;
        let Some(fields) = schema.as_object() else { return Ok(()) };
        if self.depth == MAX_DEPTH {
            return Err(TooManySteps);
        }
        self.depth += 1;
        for (keyword, applied) in fields {
            self.keyword(keyword, applied, value)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn keyword(&mut self, keyword: &str, applied: &'s Value, value: &Value) -> Counted {
        match keyword {
            "$ref" => {
                let target = applied.as_str().and_then(|target| self.root.pointer(target.strip_prefix('#')?));
                target.map_or(Ok(()), |target| self.take(target, value))
            }
            "allOf" | "anyOf" | "oneOf" => {
                applied.as_array().into_iter().flatten().try_for_each(|it| self.take(it, value))
            }
            "not" | "if" | "then" | "else" => self.take(applied, value),
            "dependencies" | "dependentSchemas" => self.each(applied, value),
            "properties" => {
                let fields = applied.as_object().into_iter().flatten();
                fields
                    .filter_map(|(name, it)| Some((it, value.get(name)?)))
                    .try_for_each(|(it, part)| self.take(it, part))
            }
            "patternProperties" => fields_of(value).try_for_each(|part| self.each(applied, part)),
            "additionalProperties" | "unevaluatedProperties" | "propertyNames" => {
                fields_of(value).try_for_each(|part| self.take(applied, part))
            }
            "items" | "prefixItems" | "additionalItems" | "unevaluatedItems" | "contains" => match applied {
                Value::Array(list) => list.iter().zip(items_of(value)).try_for_each(|(it, part)| self.take(it, part)),
                one => items_of(value).try_for_each(|part| self.take(one, part)),
            },
            _ => Ok(()),
        }
    }

    fn each(&mut self, schemas: &'s Value, value: &Value) -> Counted {
        schemas.as_object().into_iter().flatten().try_for_each(|(_, schema)| self.take(schema, value))
    }
}

fn fields_of(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flatten().map(|(_, part)| part)
}

fn items_of(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn alternatives_that_double_at_each_level_of_the_value_are_refused() {
        let twice = json!({ "anyOf": [
            { "properties": { "a": { "$ref": "#" } }, "required": ["x"] }, { "properties": { "a": { "$ref": "#" } } } ] });
        assert_eq!(Steps::count(&twice, &nested(5)), Ok(()));
        assert_eq!(Steps::count(&twice, &nested(100)), Err(TooManySteps));
    }

    #[test]
    fn a_recursive_schema_of_one_path_and_a_long_list_are_fine() {
        let tree = json!({ "properties": { "a": { "$ref": "#" } }, "additionalProperties": false });
        assert_eq!(Steps::count(&tree, &nested(100)), Ok(()));
        let list = json!({ "items": { "type": "integer" } });
        assert_eq!(Steps::count(&list, &json!(vec![1; 100_000])), Ok(()));
    }
}
