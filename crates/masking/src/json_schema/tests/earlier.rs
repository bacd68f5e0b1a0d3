//! Row 25: tags that only earlier versions of a schema have.

use super::*;

/// What is left of a value, and the tags that are only in earlier versions.
fn after(unknown: Unknown, earlier: &[Value], schema: &Value, value: &str) -> (String, Vec<(String, String)>) {
    let asked = asked(unknown);
    let texts: Vec<String> = earlier.iter().map(Value::to_string).collect();
    let earlier: Vec<Earlier<'_>> = texts.iter().map(|text| Earlier { version: 3, text, references: &[] }).collect();
    let plan = JsonPlan::compile_after(&earlier, &schema.to_string(), &[], &asked.mask).unwrap();
    let removed = plan.removed_tags().into_iter().flat_map(RemovedTags::iter);
    let removed = removed.map(|(tag, at)| (tag.to_owned(), at.to_owned())).collect();
    (asked.run(&plan, value).unwrap(), removed)
}

fn one(tag: &str, at: &str) -> Vec<(String, String)> {
    vec![(tag.to_owned(), at.to_owned())]
}

#[test]
fn a_field_whose_tag_was_taken_out_is_masked_as_before() {
    let plain = json!({"properties": {"a": {"type": "string"}, "b": {}}});
    let tagged = json!({"properties": {"a": pii()}});
    let value = r#"{"a":"x","b":"y"}"#;
    let masked = (r#"{"a":"***","b":"y"}"#.to_owned(), one("PII", "/properties/a"));
    assert_eq!(after(Unknown::Mask, &[], &plain, value), (value.to_owned(), vec![]));
    for earlier in [vec![tagged.clone()], vec![plain.clone(), tagged.clone(), plain.clone()]] {
        assert_eq!(after(Unknown::Mask, &earlier, &plain, value), masked);
    }
    assert_eq!(
        after(Unknown::Mask, std::slice::from_ref(&tagged), &tagged, r#"{"a":"x"}"#).1,
        vec![],
        "it is still there"
    );
}

#[test]
fn a_field_is_followed_through_references_lists_and_branches() {
    let tagged = json!({"$defs": {"p": {"properties": {"a": pii()}}}, "properties": {"p": {"$ref": "#/$defs/p"}}});
    for plain in [
        json!({"properties": {"p": {"properties": {"a": {}}}}}),
        json!({"properties": {"p": {"items": {"properties": {"a": {}}}}}}),
        json!({"properties": {"p": {"oneOf": [{"type": "null"}, {"properties": {"a": {}}}]}}}),
        json!({"properties": {"p": {"additionalProperties": {}}}}),
        json!({}),
    ] {
        for (value, masked) in
            [(r#"{"p":{"a":"x"}}"#, r#"{"p":{"a":"***"}}"#), (r#"{"p":[{"a":"x"}]}"#, r#"{"p":[{"a":"***"}]}"#)]
        {
            let left = after(Unknown::Pass, std::slice::from_ref(&tagged), &plain, value);
            assert_eq!(left, (masked.to_owned(), one("PII", "/$defs/p/properties/a")), "{plain}");
        }
    }
}

#[test]
fn a_list_that_is_one_value_now_and_a_name_in_another_case_are_the_same_field() {
    let tagged = json!({"properties": {"email": pii(), "all": {"items": {"items": pii()}}}});
    let plain = json!({"properties": {"Email": {"type": "string"}, "all": {"type": ["string", "array"], "items": {}}}});
    for (value, masked) in [
        (r#"{"Email":"x"}"#, r#"{"Email":"***"}"#),
        (r#"{"all":"x"}"#, r#"{"all":"***"}"#),
        (r#"{"all":[["x"]]}"#, r#"{"all":[["***"]]}"#),
    ] {
        assert_eq!(after(Unknown::Mask, std::slice::from_ref(&tagged), &plain, value).0, masked);
    }
    let same = after(Unknown::Mask, std::slice::from_ref(&tagged), &tagged, r#"{"all":[["x"]],"email":"y"}"#);
    assert_eq!(same, (r#"{"all":[["***"]],"email":"***"}"#.to_owned(), vec![]));
}

/// Else a field that no version names today would pass because one did once.
#[test]
fn an_earlier_version_names_no_field_for_a_later_one() {
    let plain = json!({"properties": {"a": {}}});
    let earlier = json!({"properties": {"a": pii(), "old": {}}, "patternProperties": {"^x": {}}});
    let value = r#"{"a":"x","old":"y","xx":"z"}"#;
    let left = after(Unknown::Mask, std::slice::from_ref(&earlier), &plain, value).0;
    assert_eq!(left, r#"{"a":"***"}"#);
    assert_eq!(after(Unknown::Mask, &[], &plain, value).0, r#"{"a":"x"}"#);
    let open = json!({"properties": {"a": pii()}, "additionalProperties": {}});
    assert_eq!(after(Unknown::Mask, &[open], &plain, value).0, r#"{"a":"***"}"#);
}

#[test]
fn an_earlier_version_that_cannot_be_followed_makes_a_schema_unusable_where_tags_count() {
    let mut asked = asked(Unknown::Mask);
    for (text, why) in [
        (r##"{"$dynamicRef": "#a"}"##, "version 3, before it: $dynamicRef is not followed; use $ref"),
        ("{", "version 3, before it: it is no JSON"),
    ] {
        let earlier = [Earlier { version: 3, text, references: &[] }];
        let refused = JsonPlan::compile_after(&earlier, "{}", &[], &asked.mask).unwrap_err().0;
        assert!(refused.starts_with(why), "{refused}");
    }
    asked.mask.tags.clear();
    let earlier = [Earlier { version: 3, text: "{", references: &[] }];
    assert!(JsonPlan::compile_after(&earlier, "{}", &[], &asked.mask).is_ok());
}
