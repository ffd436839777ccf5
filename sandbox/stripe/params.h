#pragma once
// Request parameters: from bracketed form text to typed JSON, checked against what a route allows.
//
// A route lists its parameters in a small language:
//
//     name          text; an empty one unsets (null)
//     name!         required
//     name:i        integer        name:b  boolean      name:d  decimal, kept as text
//     name:t        Unix seconds   name:id an id: text that is never empty
//     name:m        metadata: at most 50 keys of 40 characters, values of 500
//     name:(a|b)    one of these   name:any as Stripe knows it (it changes nothing here)
//     name:no       Stripe takes it, the sandbox cannot: refused with a plain message
//     name:i:(inf)  a number or one of these;   name:i{gte:i} a number or an object
//     name:o        any object
//     name:i?       an empty one unsets (null), where the type otherwise has no empty value
//     name{ ... }   an object      name[]{ ... } a list of objects     name[]:id  a list
//     name{*{ ... }} an object whose keys are the caller's
//     name<endive   up to, not including, that shape;   name>=basil  from that shape on
//
// `expand[]` is allowed everywhere and is not listed. What Stripe knows beyond the list
// (known_params.h) is refused as the sandbox's lack, everything else as unknown.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/stripe/object.h"
#include "sandbox/stripe/version.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::size_t form_pairs_max = 2000;
inline constexpr std::size_t form_depth_max = 8;

// "items[0][price]=p&expand[]=x" as nested objects, every leaf text. Lists become objects with the
// keys "0", "1", ...: only the route's list of parameters knows which of them are lists.
// Throws Refusal for malformed brackets and for a key that is both a value and an object.
Object decode_form(std::string_view form);

class ParamSpec {
public:
    // Aborts on a malformed listing: it is part of this program. `known`: what Stripe knows; "" where
    // the listing is all that there is.
    static ParamSpec parse(std::string_view listing, std::string_view known = {});
    ParamSpec(ParamSpec&&) noexcept;
    ParamSpec& operator=(ParamSpec&&) noexcept;
    ~ParamSpec();

    // The decoded parameters with their types. Throws Refusal: parameter_unknown,
    // sandbox_unsupported, parameter_missing, parameter_invalid_integer, parameter_invalid_empty, ...
    Object check(const Object& decoded, Shape shape) const;

    struct Field;

private:
    ParamSpec();
    std::vector<Field> fields_;
    std::vector<Field> known_;
    bool knows_ = false;
};

}  // namespace paydesk::sandbox::stripe
