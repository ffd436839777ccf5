#pragma once
// What sandbox/object.h reads objects with, under Stripe's roof; and Stripe's lists.

#include "sandbox/object.h"

namespace paydesk::sandbox::stripe {

using sandbox::characters;
using sandbox::child;
using sandbox::children;
using sandbox::flag;
using sandbox::is_utf8;
using sandbox::number;
using sandbox::Object;
using sandbox::present;
using sandbox::readable;
using sandbox::shortened;
using sandbox::text;
using sandbox::text_or_null;
using sandbox::value_of;

// {object: "list", url, has_more: false, data}
Object list_of(std::string_view url, json::array data);

}  // namespace paydesk::sandbox::stripe
