// codec: encoding and decoding of each kind of record.
#include "harness/history/codec.h"

#include "harness/core/text.h"

namespace ernstfall::codec {

Encoder& Encoder::text(std::string_view value) {
  if (value.size() > kMaxTextBytes) return text(elide(value, kMaxTextBytes - 4));
  number(static_cast<std::uint32_t>(value.size()));
  body_.append(value);
  return *this;
}

std::string Decoder::text() {
  const auto size = number<std::uint32_t>();
  if (bad_ || size > rest_.size()) {
    bad_ = true;
    return {};
  }
  std::string value(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return value;
}

std::string encode(const HistoryHeader& header) {
  return Encoder(Kind::header)
      .number(header.format_version)
      .number(header.wall_base_unix_ns)
      .text(header.run_id)
      .body();
}

std::string encode(const Source& source) {
  return Encoder(Kind::source)
      .number(source.id)
      .text(source.name)
      .text(source.kind)
      .text(source.node)
      .number(source.period_ns)
      .number(source.timeout_ns)
      .body();
}

std::string encode(const Sample& sample) {
  return Encoder(Kind::sample)
      .number(sample.source)
      .number(sample.scheduled)
      .number(sample.started)
      .number(sample.ended)
      .number(static_cast<std::uint8_t>(sample.outcome))
      .number(sample.code)
      .text(sample.detail)
      .body();
}

std::string encode(const Event& event) {
  return Encoder(Kind::event)
      .number(event.source)
      .number(event.at)
      .text(event.kind)
      .text(event.text)
      .body();
}

std::string encode(const LedgerRecord& record) {
  return Encoder(Kind::ledger)
      .number(record.source)
      .number(record.seq)
      .number(static_cast<std::uint8_t>(record.step))
      .number(record.at)
      .number(record.code)
      .text(record.detail)
      .body();
}

namespace {

// The decoders read fields in the order in which encode() wrote them.

bool decode_header(History& history, Decoder& in) {
  history.header.format_version = in.number<std::uint32_t>();
  history.header.wall_base_unix_ns = in.number<std::int64_t>();
  history.header.run_id = in.text();
  return in.done();
}

bool decode_source(History& history, Decoder& in) {
  Source source;
  source.id = in.number<SourceId>();
  source.name = in.text();
  source.kind = in.text();
  source.node = in.text();
  source.period_ns = in.number<TimeNs>();
  source.timeout_ns = in.number<TimeNs>();
  // Each segment repeats the sources that it uses.
  if (!in.done() || source.id > history.sources.size()) return false;
  if (source.id == history.sources.size()) history.sources.push_back(std::move(source));
  return true;
}

bool decode_sample(History& history, Decoder& in) {
  Sample sample;
  sample.source = in.number<SourceId>();
  sample.scheduled = in.number<TimeNs>();
  sample.started = in.number<TimeNs>();
  sample.ended = in.number<TimeNs>();
  const auto outcome = in.number<std::uint8_t>();
  sample.code = in.number<std::int32_t>();
  sample.detail = in.text();
  if (!in.done() || outcome > static_cast<std::uint8_t>(Outcome::indeterminate) ||
      sample.source >= history.sources.size())
    return false;
  sample.outcome = static_cast<Outcome>(outcome);
  history.samples.push_back(std::move(sample));
  return true;
}

bool decode_event(History& history, Decoder& in) {
  Event event;
  event.source = in.number<SourceId>();
  event.at = in.number<TimeNs>();
  event.kind = in.text();
  event.text = in.text();
  if (!in.done() || event.source >= history.sources.size()) return false;
  history.events.push_back(std::move(event));
  return true;
}

bool decode_ledger(History& history, Decoder& in) {
  LedgerRecord record;
  record.source = in.number<SourceId>();
  record.seq = in.number<std::uint64_t>();
  const auto step = in.number<std::uint8_t>();
  record.at = in.number<TimeNs>();
  record.code = in.number<std::int32_t>();
  record.detail = in.text();
  if (!in.done() || step > static_cast<std::uint8_t>(LedgerStep::wrong) ||
      record.source >= history.sources.size())
    return false;
  record.step = static_cast<LedgerStep>(step);
  history.ledger.push_back(std::move(record));
  return true;
}

}  // namespace

bool decode_into(History& history, std::string_view body) {
  Decoder in(body);
  switch (static_cast<Kind>(in.number<std::uint8_t>())) {
    case Kind::header:
      return decode_header(history, in);
    case Kind::source:
      return decode_source(history, in);
    case Kind::sample:
      return decode_sample(history, in);
    case Kind::event:
      return decode_event(history, in);
    case Kind::ledger:
      return decode_ledger(history, in);
  }
  return false;
}

}  // namespace ernstfall::codec
