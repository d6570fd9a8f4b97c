// SPDX-License-Identifier: MIT
//
// smtp.hpp: the definitions behind <aiaudit/alerts/smtp.hpp>, which need libcurl.
// Floor 11.
#ifndef AIAUDIT_IMPL_SMTP_HPP
#define AIAUDIT_IMPL_SMTP_HPP

#include <aiaudit/impl/alerts/smtp.ipp>

#endif  // AIAUDIT_IMPL_SMTP_HPP
