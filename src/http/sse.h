#pragma once
// Server-sent events: topics with many readers, bounded buffers, pings.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/task.h"
#include "http/message.h"

namespace paydesk::http {

inline constexpr std::size_t sse_pending_bytes_max = 64 * 1024;
inline constexpr std::chrono::seconds sse_ping_interval{15};
inline constexpr std::size_t sse_readers_per_topic_max = 64;

// Topics by key (an account id). One thread. A reader too slow to keep up is cut off, not buffered
// without bound; it reconnects with Last-Event-ID.
class EventHub {
public:
    explicit EventHub(asio::io_context& io);
    ~EventHub();

    // `backlog` goes out first (what the reader missed), already formatted by sse_event().
    Response subscribe(std::string topic, std::string backlog = {});
    void publish(std::string_view topic, std::string_view id, std::string_view event,
                 std::string_view data);
    void close();  // ends every stream
    std::size_t readers() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

// "id: 1\nevent: notification\ndata: {...}\n\n"; newlines in data become several data lines.
std::string sse_event(std::string_view id, std::string_view event, std::string_view data);

}  // namespace paydesk::http
