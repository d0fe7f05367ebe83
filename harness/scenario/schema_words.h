// schema_words: the parts that the JSON Schemas of our files are made of.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace ernstfall::schema {

using Json = nlohmann::ordered_json;  // keys stay in the order of the reference pages

inline Json text(const std::string& help) {
  return {{"type", "string"}, {"minLength", 1}, {"description", help}};
}
inline Json boolean(const std::string& help) {
  return {{"type", "boolean"}, {"description", help}};
}
inline Json integer(const std::string& help, std::int64_t min, std::int64_t max) {
  return {{"type", "integer"}, {"minimum", min}, {"maximum", max}, {"description", help}};
}
inline Json pattern(const std::string& help, const std::string& regex) {
  return {{"type", "string"}, {"pattern", regex}, {"description", help}};
}
inline Json duration(const std::string& help) {
  return pattern(help, "^[0-9]+(\\.[0-9]+)? *(ns|us|ms|s|min|h)$");
}
inline Json bytes(const std::string& help) {
  return pattern(help, "^[0-9]+(\\.[0-9]+)? *(B|KiB|MiB|GiB|kB|MB|GB)$");
}
inline Json frequency(const std::string& help) {
  return pattern(help, "^[0-9]+(\\.[0-9]+)? *(Hz|kHz|/s|/min)$");
}
inline Json percent(const std::string& help) {
  return pattern(help, "^[0-9]+(\\.[0-9]+)? *%$");
}
inline Json bitrate(const std::string& help) {
  return pattern(help, "^[0-9]+(\\.[0-9]+)? *(bit|kbit|Mbit|Gbit)$");
}
inline Json name(const std::string& help) {
  return pattern(help, "^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$");
}
inline Json list(const std::string& help, Json items, int min = 0) {
  return {{"type", "array"}, {"items", std::move(items)}, {"minItems", min}, {"description", help}};
}
// A list that holds nothing twice.
inline Json set(const std::string& help, Json items, int min = 0) {
  Json all = list(help, std::move(items), min);
  all["uniqueItems"] = true;
  return all;
}
inline Json object(const std::string& help, Json properties, Json required = Json::array()) {
  Json all{{"type", "object"},
           {"description", help},
           {"properties", std::move(properties)},
           {"additionalProperties", false}};
  if (!required.empty()) all["required"] = std::move(required);
  return all;
}
inline std::string document(const std::string& title, const Json& root) {
  Json all{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  all.update(root);
  return all.dump(2) + "\n";
}

}  // namespace ernstfall::schema
