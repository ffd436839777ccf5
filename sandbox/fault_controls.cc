#include "sandbox/fault_controls.h"

#include "sandbox/stripe/events.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox {
namespace {

using stripe::Object;

http::Response answer(int status, const json::value& body) {
    return {.status = status, .body = stripe::pretty_json(body)};
}

Object list(const std::vector<Object>& all) {
    json::array data;
    for (const Object& one : all) data.push_back(one);
    return {
        {"data", std::move(data)}
    };
}

// One fault, or {"faults": [...]}: all of them or none.
json::value add(Faults& faults, const Object& wanted) {
    const auto* several = wanted.if_contains("faults");
    if (!several) return faults.add(wanted);
    if (!several->is_array()) stripe::refuse("", "`faults` must be a list of faults", "faults");
    std::vector<Object> added;
    try {
        for (const json::value& one : several->get_array()) {
            if (!one.is_object()) stripe::refuse("", "each fault must be an object", "faults");
            added.push_back(faults.add(one.get_object()));
        }
    } catch (const stripe::Refusal&) {
        for (const Object& one : added) faults.remove(stripe::text(one, "id"));
        throw;
    }
    return list(added);
}

}  // namespace

http::Response control_faults(Faults& faults, const std::string& method, const std::string& rest,
                              const Object& wanted) {
    try {
        const bool log = rest == "/log";
        if (method == "GET" && log) return answer(200, list(faults.log()));
        if (method == "GET" && rest.empty()) return answer(200, list(faults.all()));
        if (method == "POST" && rest.empty()) return answer(200, add(faults, wanted));
        if (method == "DELETE") {
            if (log)
                faults.clear_log();
            else if (rest.empty())
                faults.clear();
            else if (!faults.remove(rest.substr(1)))
                return answer(404, Object{
                                       {"error", "there is no such fault"}
                });
            return answer(200, Object{
                                   {"deleted", true}
            });
        }
    } catch (const stripe::Refusal& refusal) {
        return answer(400, Object{
                               {"error", refusal.message},
                               {"param", refusal.param  }
        });
    }
    return answer(405,
                  Object{
                      {"error", "faults take POST, GET and DELETE; their log GET and DELETE"}
    });
}

}  // namespace paydesk::sandbox
