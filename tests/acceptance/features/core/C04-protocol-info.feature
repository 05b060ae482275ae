Feature: C04 A device changes to another protocol that the platform knows

  Scenario: One that is known
    Given the meter "TEST1024000010400" of "DSMR 4.2.2"
    When UpdateProtocol is asked of "TEST1024000010400" with
      | path                               | value |
      | UpdateProtocolData/Protocol                        | SMR   |
      | UpdateProtocolData/ProtocolVersion                  | 4.3   |
    Then the answer is OK

  Scenario: A variant that is not
    Given the meter "TEST1024000010401" of "DSMR 4.2.2"
    When UpdateProtocol is asked of "TEST1024000010401" with
      | path                               | value |
      | UpdateProtocolData/Protocol                        | SMR   |
      | UpdateProtocolData/ProtocolVersion                  | 5.1   |
      | UpdateProtocolData/ProtocolVariant                    | none  |
    Then it ends with fault 206 of DOMAIN_SMART_METERING because of "none"
