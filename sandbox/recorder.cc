#include "sandbox/recorder.h"

#include "base/error.h"

namespace paydesk::sandbox {

Recorder::Recorder(const std::filesystem::path& file) : file_(file, std::ios::app) {
    if (!file_) throw Unavailable("cannot append to the record file " + file.string());
}

void Recorder::write(const boost::json::object& line) {
    if (!is_on()) return;
    file_ << boost::json::serialize(line) << '\n' << std::flush;
}

}  // namespace paydesk::sandbox
