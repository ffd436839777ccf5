#include "http/sse.h"

#include <algorithm>

#include "base/metrics.h"
#include "http/server.h"

namespace paydesk::http {

namespace {

// Until a browser tries again after the connection is lost.
constexpr std::string_view first_bytes = "retry: 2000\n\n";
constexpr std::string_view ping = ": ping\n\n";

std::string one_line(std::string_view text) {
    std::string line(text);
    std::erase_if(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    return line;
}

}  // namespace

std::string sse_event(std::string_view id, std::string_view event, std::string_view data) {
    std::string out;
    out.reserve(id.size() + event.size() + data.size() + 32);
    if (!id.empty()) out.append("id: ").append(one_line(id)).append("\n");
    if (!event.empty()) out.append("event: ").append(one_line(event)).append("\n");
    for (;;) {
        const std::size_t end = data.find_first_of("\r\n");
        out.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == data.npos) break;
        data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return out.append("\n");
}

class EventHub::Impl : public std::enable_shared_from_this<EventHub::Impl> {
public:
    explicit Impl(asio::io_context& io) : io_(io) {}

    Response subscribe(std::string topic, std::string backlog) {
        if (closed_) return problem({ErrorCode::unavailable, {}});
        if (const auto at = topics_.find(topic);
            at != topics_.end() && at->second.size() >= sse_readers_per_topic_max)
            return problem({ErrorCode::rate_limited, "Too many open event streams: close a tab."});

        // Listed from now on, not from the first write: what is published in between is not lost.
        const auto reader = std::make_shared<Reader>(shared_from_this(), std::move(topic));
        reader->pending = std::string(first_bytes) + std::move(backlog);
        Response response{.content_type = "text/event-stream"};
        response.headers = {
            {"Cache-Control",     "no-store"},
            {"X-Accel-Buffering", "no"      }
        };
        response.stream = [reader](Writer& writer) { return serve(reader, writer); };
        return response;
    }

    void publish(std::string_view topic, std::string_view event) {
        const auto at = topics_.find(topic);
        if (at == topics_.end()) return;
        for (Reader* reader : at->second) {
            if (!reader->open) continue;
            if (reader->pending.size() + event.size() > sse_pending_bytes_max) {
                metrics::count("sse_readers_cut_total");
                reader->cut();
            } else {
                reader->pending.append(event);
                reader->wake.cancel();
            }
        }
    }

    void close() {
        closed_ = true;
        for (const auto& [topic, readers] : topics_) {
            for (Reader* reader : readers) reader->end();
        }
    }

    std::size_t readers() const {
        std::size_t count = 0;
        for (const auto& [topic, readers] : topics_) count += readers.size();
        return count;
    }

private:
    struct Reader {
        Reader(std::shared_ptr<Impl> hub_, std::string topic_)
            : hub(std::move(hub_)), topic(std::move(topic_)), wake(hub->io_) {
            hub->topics_[topic].insert(this);
        }
        ~Reader() {
            const auto at = hub->topics_.find(topic);
            at->second.erase(this);
            if (at->second.empty()) hub->topics_.erase(at);
        }
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;

        void end() {
            open = false;
            wake.cancel();
        }

        void cut() {
            end();
            pending = {};
            if (writer != nullptr) writer->abort();
        }

        std::shared_ptr<Impl> hub;
        std::string topic;
        std::string pending;
        Timer wake;
        Writer* writer = nullptr;  // while it is served
        bool open = true;
    };

    static Task<> serve(std::shared_ptr<Reader> reader, Writer& writer) {
        reader->writer = &writer;
        writer.on_end([reader] { reader->end(); });
        while (reader->open && !writer.stopping()) {
            if (reader->pending.empty()) {
                reader->wake.expires_after(sse_ping_interval);
                const auto [ec] = co_await reader->wake.async_wait(awaits_tuple);
                // The quiet lasted: finds out whether the reader is still there, and keeps proxies
                // from closing.
                if (!ec && reader->pending.empty()) reader->pending = ping;
                continue;
            }
            const std::string out = std::exchange(reader->pending, {});
            if (!co_await writer.write(out)) break;
        }
        reader->writer = nullptr;
    }

    asio::io_context& io_;
    std::map<std::string, std::set<Reader*>, std::less<>> topics_;
    bool closed_ = false;
};

EventHub::EventHub(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}
EventHub::~EventHub() { impl_->close(); }

Response EventHub::subscribe(std::string topic, std::string backlog) {
    return impl_->subscribe(std::move(topic), std::move(backlog));
}

void EventHub::publish(std::string_view topic, std::string_view id, std::string_view event,
                       std::string_view data) {
    impl_->publish(topic, sse_event(id, event, data));
}

void EventHub::close() { impl_->close(); }
std::size_t EventHub::readers() const { return impl_->readers(); }

}  // namespace paydesk::http
