// Where in the settings things stand.
export const HOURS = ["afterHours", "businessHours"] as const;
export const SCHEDULE = [...HOURS, "schedule"] as const;
export const HOURS_ZONE = [...HOURS, "timezone"] as const;
export const RULES = ["customSchedule", "rules"] as const;
export const THRESHOLD = ["highVolume", "threshold"] as const;
